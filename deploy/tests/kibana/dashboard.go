package kibana

import "fmt"

// The dashboard's grid is this many columns wide.
const gridWidth = 48

// A panel shows an object on a dashboard. Panels stand in rows: one that finds
// no room beside the panel before it begins a new row.
type panel struct {
	of            Object
	width, height int
	// opens is the dashboard to which a click on a value leads, with that value as
	// filter.
	opens, action string
}

// A control is a list of a field's values to choose from.
type control struct{ id, title, field string }

func dashboard(id, title, description string, controls []control, panels []panel) Object {
	references := []Reference{}
	drawn := []any{}
	x, y, rowHeight := 0, 0, 0
	for i, p := range panels {
		if x+p.width > gridWidth {
			x, y, rowHeight = 0, y+rowHeight, 0
		}
		index := fmt.Sprintf("panel-%d", i+1)
		references = append(references, Reference{p.of.Type, p.of.ID, index + ":panel_" + index})
		enhancements := object{}
		if p.opens != "" {
			event := index + "-opens"
			enhancements["dynamicActions"] = object{"events": []any{object{
				"eventId": event, "triggers": []string{"FILTER_TRIGGER"},
				"action": object{"factoryId": drilldown, "name": p.action,
					"config": object{"useCurrentFilters": true, "useCurrentDateRange": true, "openInNewTab": false}},
			}}}
			references = append(references, Reference{"dashboard", p.opens, index + ":drilldown:" + drilldown + ":" + event + ":dashboardId"})
		}
		drawn = append(drawn, object{
			"version": "8.9.0", "type": p.of.Type, "panelIndex": index, "panelRefName": "panel_" + index,
			"gridData":         object{"x": x, "y": y, "w": p.width, "h": p.height, "i": index},
			"embeddableConfig": object{"enhancements": enhancements},
		})
		x, rowHeight = x+p.width, max(rowHeight, p.height)
	}
	group, groupReferences := controlGroup(controls)
	return newObject("dashboard", id, object{
		"title": title, "description": description, "version": 1,
		"timeRestore": true, "timeFrom": "now-1h", "timeTo": "now", "refreshInterval": object{"pause": true, "value": 60000},
		"optionsJSON":           inner(object{"useMargins": true, "syncColors": true, "syncCursor": true, "syncTooltips": false, "hidePanelTitles": false}),
		"panelsJSON":            inner(drawn),
		"controlGroupInput":     group,
		"kibanaSavedObjectMeta": object{"searchSourceJSON": inner(object{"query": kql(""), "filter": []any{}})},
	}, append(references, groupReferences...)...)
}

const drilldown = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"

// controlGroup chains the controls: the choice in one limits the next.
func controlGroup(controls []control) (object, []Reference) {
	var references []Reference
	panels := object{}
	for i, c := range controls {
		panels[c.id] = object{
			"type": "optionsListControl", "order": i, "grow": true, "width": "medium",
			"explicitInput": object{"id": c.id, "fieldName": c.field, "title": c.title, "enhancements": object{}},
		}
		references = append(references, Reference{"index-pattern", dataView, "controlGroup_" + c.id + ":optionsListDataView"})
	}
	return object{
		"chainingSystem": "HIERARCHICAL", "controlStyle": "oneLine", "panelsJSON": inner(panels),
		"ignoreParentSettingsJSON": inner(object{"ignoreFilters": false, "ignoreQuery": false, "ignoreTimerange": false, "ignoreValidations": false}),
	}, references
}
