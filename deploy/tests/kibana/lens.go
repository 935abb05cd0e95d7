package kibana

// Every visualization has one layer over the data view.
const layer = "logs"

// A column is one column of a Lens layer, with the id by which others name it.
type column struct {
	id         string
	definition object
}

func columns(list ...column) []column { return list }

// lens makes a visualization of a kind from its columns and what it does with
// them.
func lens(id, title, kind, query string, cols []column, visualization object) Object {
	definitions, order := object{}, []string{}
	for _, c := range cols {
		definitions[c.id] = c.definition
		order = append(order, c.id)
	}
	return newObject("lens", id, object{
		"title":             title,
		"description":       "",
		"visualizationType": kind,
		"state": object{
			"adHocDataViews": object{},
			"datasourceStates": object{"formBased": object{"layers": object{layer: object{
				"columns": definitions, "columnOrder": order, "incompleteColumns": object{},
			}}}},
			"filters":            []any{},
			"internalReferences": []any{},
			"query":              kql(query),
			"visualization":      visualization,
		},
	}, Reference{"index-pattern", dataView, "indexpattern-datasource-layer-" + layer})
}

// chart makes a chart over time, split by a column if splitBy is not empty.
func chart(id, title, series, query string, cols []column, splitBy string, accessors ...string) Object {
	data := object{"layerId": layer, "layerType": "data", "seriesType": series, "xAccessor": "time", "accessors": accessors}
	if splitBy != "" {
		data["splitAccessor"] = splitBy
	}
	return lens(id, title, "lnsXY", query, cols, object{
		"layers":                       []any{data},
		"preferredSeriesType":          series,
		"legend":                       object{"isVisible": true, "position": "right"},
		"valueLabels":                  "hide",
		"fittingFunction":              "None",
		"axisTitlesVisibilitySettings": object{"x": false, "yLeft": false, "yRight": false},
	})
}

// table makes a table of all its columns.
func table(id, title, query string, cols []column) Object {
	shown := []any{}
	for _, c := range cols {
		shown = append(shown, object{"columnId": c.id, "isTransposed": false})
	}
	return lens(id, title, "lnsDatatable", query, cols, object{
		"layerId": layer, "layerType": "data", "columns": shown, "paging": object{"enabled": true, "size": 10},
	})
}

// number makes one large number.
func number(id, title, query string, c column) Object {
	return lens(id, title, "lnsMetric", query, columns(c), object{"layerId": layer, "layerType": "data", "metricAccessor": c.id})
}

func overTime() column {
	return column{"time", object{
		"label": "Time", "customLabel": true, "dataType": "date", "operationType": "date_histogram", "isBucketed": true, "scale": "interval",
		"sourceField": "@timestamp", "params": object{"interval": "auto", "includeEmptyRows": true, "dropPartials": false},
	}}
}

// events counts all events; top orders by it.
func events() column { return count("events", "Events", "") }

// top is the values of a field that have the most events; the column events must
// be among the others.
func top(id, label, field string, size int) column {
	return column{id, object{
		"label": label, "customLabel": true, "dataType": "string", "operationType": "terms", "isBucketed": true, "scale": "ordinal", "sourceField": field,
		"params": object{
			"size": size, "orderBy": object{"type": "column", "columnId": "events"}, "orderDirection": "desc", "otherBucket": false, "missingBucket": false,
			"parentFormat": object{"id": "terms"}, "include": []any{}, "exclude": []any{}, "includeIsRegex": false, "excludeIsRegex": false,
		},
	}}
}

// count counts events, those of a query if it is not empty.
func count(id, label, query string) column {
	definition := object{
		"label": label, "customLabel": true, "dataType": "number", "operationType": "count", "isBucketed": false, "scale": "ratio",
		"sourceField": "___records___", "params": object{"emptyAsNull": false},
	}
	if query != "" {
		definition["filter"] = kql(query)
	}
	return column{id, definition}
}

func distinct(id, label, field string) column {
	return column{id, object{
		"label": label, "customLabel": true, "dataType": "number", "operationType": "unique_count", "isBucketed": false, "scale": "ratio",
		"sourceField": field, "params": object{"emptyAsNull": false},
	}}
}

func percentile(id, label, field string, p int) column {
	return column{id, object{
		"label": label, "customLabel": true, "dataType": "number", "operationType": "percentile", "isBucketed": false, "scale": "ratio",
		"sourceField": field, "params": object{"percentile": p, "format": object{"id": "number", "params": object{"decimals": 1}}},
	}}
}
