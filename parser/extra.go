package parser

import "github.com/logcar/logcar/event"

// Extra is what parsers found out about an event besides its text.
type Extra = event.Extra

// dropNulls removes the keys of m that have no value, at every depth. Nulls in
// lists stay, as in Filebeat.
func dropNulls(m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case nil:
			delete(m, k)
		case map[string]any:
			dropNulls(v)
		case []any:
			dropNullsIn(v)
		}
	}
}

func dropNullsIn(list []any) {
	for _, v := range list {
		switch v := v.(type) {
		case map[string]any:
			dropNulls(v)
		case []any:
			dropNullsIn(v)
		}
	}
}
