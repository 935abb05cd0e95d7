package output

import (
	"fmt"
	"maps"
	"slices"

	"github.com/logcar/logcar/event"
	"github.com/logcar/logcar/processor"
)

// ownFields tells of a path whether it is the event's own: what events of a batch
// differ in that no processor and no parser touches.
var ownFields = processor.Overlap("message", "log.offset", "log.flags", "offset")

// varying tells of a path whether events of a file differ there. Processors that
// have to do with no such path are run once, on the template.
func varying(path string) bool { return path == "@timestamp" || ownFields(path) }

// A template is what the documents of one source have in common.
type template struct {
	// body is the document from the end of the time to the beginning of what
	// differs; empty when documents must be built one by one, because processors
	// change them or a format makes text of them.
	body []byte
	meta map[string]any // @metadata of all documents

	all  *processor.Chain // the input's processors, the shipper's own fields, the global processors
	seen uint64           // its version when the template was made

	untouched bool // there are no processors, and body is all that they could see

	drop   bool                // all of these documents are dropped
	doc    *processor.Document // what is the same for all, with all at work that does the same to all
	filter *processor.Chain    // what is left of all: first those that look at each event and may drop it
	rest   *processor.Chain    // then those that change it
	fixed  fixed               // the part of doc that none of them changes
}

// fixed is what all documents that are built one by one have in common.
type fixed struct {
	meta   []byte          // @metadata, unless a processor or a parser adds to it
	fields []byte          // members, each with a comma in front
	names  map[string]bool // of fields
}

// newTemplate builds what src's documents have in common.
func (e *Encoder) newTemplate(src *event.Source) (*template, error) {
	in := src.Input
	if in == nil {
		in = &event.Input{}
	}
	t := &template{
		meta: metadata(e.shape, in),
		all:  processor.Join(e.opts.Inputs[in], processor.Defaults(builtins(e.shape, &e.agent, in)), e.opts.Global),
	}
	t.seen = t.all.Version()
	common := &processor.Document{Fields: e.place(src)}
	common.DeepMerge(described(e.shape, in), true)
	t.doc = common.Clone() // the configuration's maps stay as they are
	var keep bool
	if t.rest, keep = t.all.Fold(t.doc, varying); !keep {
		t.drop = true
		return t, nil
	}
	if t.rest != nil {
		t.filter, t.rest = t.rest.Filter()
	}
	if t.rest == nil && e.opts.Codec.Format == nil {
		if err := t.render(e.shape, e.opts.EventID); err != nil {
			return nil, err
		}
	}
	if len(t.body) == 0 {
		if err := t.fix(); err != nil {
			return nil, err
		}
	}
	t.untouched = len(t.body) > 0 && e.opts.Inputs[in].Len()+e.opts.Global.Len() == 0
	t.doc.Save()
	return t, nil
}

// place is what a document says of its file.
func (e *Encoder) place(src *event.Source) map[string]any {
	if e.shape == Shape6 {
		return map[string]any{"source": src.Path}
	}
	file := map[string]any{"path": src.Path}
	if src.Owner != "" {
		file["owner"] = src.Owner
	}
	if src.Group != "" {
		file["group"] = src.Group
	}
	return map[string]any{"log": map[string]any{"file": file}}
}

// render writes body. The order is chosen for the compressor: all that repeats
// stands in one run, what differs follows it.
func (t *template) render(shape Shape, eventID bool) error {
	log, isMap := t.doc.Fields["log"].(map[string]any)
	if shape != Shape6 && !isMap {
		return nil // a processor has put something else there
	}
	var bad int
	body := append([]byte(nil), `","@metadata":{`...)
	if eventID {
		body = append(body[:0], `",`...) // begins in the id
	}
	meta := maps.Clone(t.meta)
	maps.Copy(meta, t.doc.Meta)
	if _, set := meta["_id"]; set && eventID {
		return nil // a processor has given the id
	}
	body, err := appendMembers(body, meta, &bad)
	if err != nil {
		return fmt.Errorf("@metadata: %w", err)
	}
	body = append(body, '}')
	others := maps.Clone(t.doc.Fields)
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

// fix writes what appendBuilt need not write for each event.
func (t *template) fix() (err error) {
	var bad int
	if t.fixed.meta, err = appendValue(nil, t.meta, &bad); err != nil {
		return fmt.Errorf("@metadata: %w", err)
	}
	t.fixed.names = map[string]bool{}
	keeps := t.rest.Keeps()
	for _, name := range slices.Sorted(maps.Keys(t.doc.Fields)) {
		if varying(name) || !keeps(name) {
			continue
		}
		t.fixed.fields = append(appendString(append(t.fixed.fields, ','), name, &bad), ':')
		if t.fixed.fields, err = appendValue(t.fixed.fields, t.doc.Fields[name], &bad); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.fixed.names[name] = true
	}
	return nil
}
