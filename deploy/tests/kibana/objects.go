package kibana

const (
	dataView   = "applog"
	overviewID = "applog-overview"
	serviceID  = "applog-service"
)

// The fields that logcar adds to every event, see deploy/filebeat.yml.
const (
	namespace = "fields.namespace"
	service   = "fields.service-name"
	podIP     = "fields.pod-ip"
)

const (
	errorEvents   = "log.level: (ERROR or FATAL)"
	warningEvents = "log.level: WARN"
	troubleEvents = "log.level: (WARN or ERROR or FATAL)"
)

// Objects are all that is imported.
func Objects() []Object {
	all := search("applog-all", "Logs", "", line...)
	exceptions := search("applog-exceptions", "Logs: exceptions", "error.type: *", "log.level", service, podIP, "error.type", "error.message", "error.stack_trace")
	objects := []Object{
		view(),
		all,
		search("applog-errors", "Logs: errors", errorEvents, line...),
		search("applog-warnings", "Logs: warnings", warningEvents, line...),
		search("applog-info", "Logs: info", "log.level: (INFO or NOTICE)", line...),
		search("applog-debug", "Logs: debug", "log.level: (DEBUG or TRACE)", line...),
		exceptions,
		search("applog-not-understood", "Logs: not understood", "tags: (_applog_* or _jsonparsefailure)", "tags", service, "message"),
	}
	add := func(o Object) Object { objects = append(objects, o); return o }

	eventCount := add(number("applog-events", "Events", "", events()))
	errorCount := add(number("applog-error-count", "Errors", "", count("errors", "Errors", errorEvents)))
	late := add(number("applog-late", "Seconds from log to search (95 %)", "", percentile("p95", "95 % within (s)", "lag_total", 95)))
	byService := add(chart("applog-by-service", "Events by service", "bar_stacked", "",
		columns(top("service", "Service", service, 10), overTime(), events()), "service", "events"))
	byLevel := add(chart("applog-by-level", "Errors and warnings", "bar_stacked", troubleEvents,
		columns(top("level", "Level", "log.level", 5), overTime(), events()), "level", "events"))
	topExceptions := add(table("applog-top-exceptions", "Top exceptions", "error.type: *",
		columns(top("type", "Exception", "error.type", 50), events(), distinct("services", "Services", service))))
	noisiest := add(table("applog-noisiest", "Noisiest services", "",
		columns(top("namespace", "Namespace", namespace, 10), top("service", "Service", service, 50),
			events(), count("errors", "Errors", errorEvents), count("warnings", "Warnings", warningEvents))))
	lag := add(chart("applog-lag", "Shipping lag (s)", "line", "",
		columns(overTime(), percentile("total50", "to search, median", "lag_total", 50), percentile("total95", "to search, 95 %", "lag_total", 95),
			percentile("read95", "to logcar, 95 %", "lag_read", 95)), "", "total50", "total95", "read95"))

	controls := []control{{"namespace", "Namespace", namespace}, {"service", "Service", service}, {"pod-ip", "Pod IP", podIP}}
	const open = "Show the log"
	return append(objects,
		dashboard(overviewID, "Logs by service", "Choose a namespace and a service; a click on a service opens its log.", controls, []panel{
			{of: eventCount, width: 12, height: 6}, {of: errorCount, width: 12, height: 6}, {of: late, width: 24, height: 6},
			{of: byService, width: 24, height: 12, opens: serviceID, action: open}, {of: byLevel, width: 24, height: 12},
			{of: noisiest, width: 24, height: 14, opens: serviceID, action: open}, {of: topExceptions, width: 24, height: 14, opens: serviceID, action: open},
			{of: lag, width: 48, height: 10},
			{of: all, width: 48, height: 24},
		}),
		dashboard(serviceID, "Log of a service", "The lines of the chosen services, with their stack traces.", controls, []panel{
			{of: byLevel, width: 48, height: 8},
			{of: all, width: 48, height: 30},
			{of: exceptions, width: 48, height: 20},
		}),
	)
}

func view() Object {
	plain := object{"id": "number", "params": object{"pattern": "0"}}
	seconds := object{"id": "number", "params": object{"pattern": "0,0.0"}}
	return newObject("index-pattern", dataView, object{
		"title": "applog-*", "name": "Application logs", "timeFieldName": "@timestamp",
		"allowNoIndex":   true, // the dashboards open before the first event has come
		"fieldFormatMap": inner(object{"lag_read": seconds, "lag_total": seconds, "log.offset": plain, "process.pid": plain}),
		"fieldAttrs":     inner(object{}), "fields": "[]", "runtimeFieldMap": "{}", "sourceFilters": "[]", "typeMeta": "{}",
	})
}

// line is how a line of a log is shown. The message has the stack trace in it.
var line = []string{"log.level", service, podIP, "log.logger", "message"}

func search(id, title, query string, shown ...string) Object {
	const index = "kibanaSavedObjectMeta.searchSourceJSON.index"
	return newObject("search", id, object{
		"title": title, "description": "", "columns": shown, "sort": []any{[]string{"@timestamp", "desc"}},
		"grid": object{}, "hideChart": false, "isTextBasedQuery": false, "timeRestore": false,
		"rowHeight": -1, // as high as its text
		"kibanaSavedObjectMeta": object{"searchSourceJSON": inner(object{
			"query": kql(query), "filter": []any{}, "highlightAll": true, "version": true, "indexRefName": index,
		})},
	}, Reference{"index-pattern", dataView, index})
}
