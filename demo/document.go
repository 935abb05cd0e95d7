package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A document is what logcar put into Kafka for one event: the part of
// Filebeat's JSON that the demo looks at.
type document struct {
	Message string `json:"message"`
	Fields  fields `json:"fields"`
}

// fields are those that deploy/filebeat.yml adds.
type fields struct {
	Namespace string `json:"namespace"`
	Service   string `json:"service-name"`
	PodIP     string `json:"pod-ip"`
}

// podFields say which pod the demo's log comes from.
var podFields = fields{Namespace: "shop", Service: "orders", PodIP: "10.42.0.17"}

func parseDocument(value []byte) (document, error) {
	var d document
	if err := json.Unmarshal(value, &d); err != nil {
		return document{}, fmt.Errorf("decode document: %w", err)
	}
	return d, nil
}

// A headline is an event's first line without what would crowd a terminal:
// date, process, thread, packages, padding and the demo's own number.
type headline struct {
	clock, level, class, text string
}

// The columns of Spring Boot's default pattern.
const (
	clockColumn  = len("2026-03-01 ")
	levelColumn  = len("2026-03-01 08:00:00.123 ")
	threadColumn = len("2026-03-01 08:00:00.123  INFO ")
)

// headline returns the parts of the event's first line, or all of it as text
// when it isn't in Spring Boot's pattern.
func (d document) headline() headline {
	line, _, _ := strings.Cut(d.Message, "\n")
	head, text, found := strings.Cut(line, " : ")
	_, logger, bracket := strings.Cut(head, "] ")
	if !found || !bracket || len(head) < threadColumn {
		return headline{text: line}
	}
	if strings.HasPrefix(text, "seq=") {
		_, text, _ = strings.Cut(text, " ")
	}
	return headline{
		clock: head[clockColumn : levelColumn-1],
		level: head[levelColumn : threadColumn-1],
		class: strings.TrimSpace(logger[strings.LastIndexByte(logger, '.')+1:]),
		text:  text,
	}
}
