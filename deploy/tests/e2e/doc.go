// Package e2e follows events from log files into a search engine: the logcar
// binary, a real Kafka, the filters of deploy/logstash, the templates of
// deploy/elasticsearch, and the questions of deploy/kibana.
//
// Elasticsearch, Logstash and Kibana cannot be had from a package registry.
// OpenSearch can: Maven Central has the server and the modules that the templates
// and grok need. It takes the place of Elasticsearch, and its grok, with the
// regular expression engine that Logstash has, that of Logstash's.
//
//	go test -tags e2e ./e2e/    needs a JDK of version 17 or later, and Maven
package e2e
