package output

import (
	"fmt"
	"maps"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

// varying are the paths of a document that differ from event to event. Processors
// that have to do with none of them are run once, on the template.
var varying = processor.Overlap("@timestamp", "message", "log.offset", "log.flags", "offset")

// A template is what the documents of one source have in common.
type template struct {
	// body is the document from the end of the time to the beginning of what
	// differs; empty when documents must be built one by one.
	body []byte

	drop   bool                // a processor drops them all
	bare   *processor.Document // what is the same for all, before the shipper's own fields
	base   *processor.Document // and with them
	early  *processor.Chain    // the input's processors that look at each event, and may drop it
	inputs *processor.Chain    // those that change it
	filter *processor.Chain    // the global ones that look
	rest   *processor.Chain    // and those that change
	own    map[string]any      // the shipper's fields, when they must wait for inputs
	works  []*processor.Chain  // whose version says whether all this still holds
	seen   uint64              // it, when the template was made
	doc    *processor.Document // the one that is being built
	meta   map[string]any      // @metadata of all documents
}

// newTemplate builds what src's documents have in common, with those processors
// already at work that do the same to all of them.
func (e *Encoder) newTemplate(src *event.Source) (*template, error) {
	in := src.Input
	if in == nil {
		in = &event.Input{}
	}
	t := &template{own: builtins(e.shape, &e.agent, in), meta: metadata(e.shape, in)}
	t.base = &processor.Document{Fields: described(e.shape, in)}
	if e.shape == Shape6 {
		t.base.Fields["source"] = src.Path
	} else {
		t.base.Fields["log"] = map[string]any{"file": map[string]any{"path": src.Path}}
	}
	t.base = t.base.Clone() // the configuration's maps stay as they are
	t.inputs, t.rest = e.opts.Inputs[in], e.opts.Global
	for _, c := range []*processor.Chain{t.inputs, t.rest} {
		if c != nil {
			t.works = append(t.works, c)
		}
	}
	t.seen = t.version()
	if !t.fold() {
		t.drop = true
		return t, nil
	}
	if t.inputs != nil || t.rest != nil {
		return t, nil
	}
	return t, t.render(e.shape)
}

// fold runs what is the same for all events. Where processors of the input are
// left, the shipper's own fields and the global processors must wait for them.
func (t *template) fold() (keep bool) {
	if t.inputs != nil {
		if t.inputs, keep = t.inputs.Fold(t.base, varying); !keep {
			return false
		}
	}
	if t.inputs != nil {
		t.early, t.inputs = t.inputs.Filter()
		t.bare = t.base.Clone()
	}
	if t.inputs != nil {
		return true
	}
	t.addOwn(t.base)
	if t.rest != nil {
		if t.rest, keep = t.rest.Fold(t.base, varying); !keep {
			return false
		}
	}
	if t.rest != nil {
		t.filter, t.rest = t.rest.Filter()
	}
	return true
}

// addOwn adds the shipper's own fields, which replace nothing; a part of them may
// be there. The document gets maps of its own, since processors change them.
func (t *template) addOwn(d *processor.Document) {
	own := maps.Clone(t.own)
	maps.DeleteFunc(own, func(key string, _ any) bool {
		old, exists := d.Fields[key]
		_, isMap := old.(map[string]any)
		return exists && !isMap
	})
	d.DeepMerge(own, false)
}

func (t *template) version() (sum uint64) {
	for _, c := range t.works {
		sum += c.Version()
	}
	return sum
}

// render writes body. The order is chosen for the compressor: all that repeats
// stands in one run, what differs follows it.
func (t *template) render(shape Shape) error {
	log, isMap := t.base.Fields["log"].(map[string]any)
	if shape != Shape6 && !isMap {
		return nil // a processor has put something else there
	}
	var bad int
	body := append([]byte(nil), `","@metadata":`...)
	meta := maps.Clone(t.meta)
	maps.Copy(meta, t.base.Meta)
	body, err := appendValue(body, meta, &bad)
	if err != nil {
		return fmt.Errorf("@metadata: %w", err)
	}
	others := maps.Clone(t.base.Fields)
	if shape != Shape6 {
		delete(others, "log")
	}
	if len(others) > 0 {
		if body, err = appendMembers(append(body, ','), others, &bad); err != nil {
			return err
		}
	}
	body = append(body, ',')
	if shape != Shape6 {
		body = append(body, `"log":{`...)
		if len(log) > 0 {
			if body, err = appendMembers(body, log, &bad); err != nil {
				return fmt.Errorf("log: %w", err)
			}
			body = append(body, ',')
		}
	}
	t.body = body
	return nil
}
