package tree

import "fmt"

// Kind is the type of an option's value.
type Kind uint8

const (
	Bool     Kind = iota
	Int           // 10, 0x1f, 010 (octal)
	Float         // 1.5
	Duration      // Go's syntax, 1m30s; a bare number is seconds
	Bytes         // a plain integer, as Filebeat wants it for max_bytes and its like
	ByteSize      // 10MB (decimal), 10MiB (binary), or a plain number of bytes
	String
	Enum    // one of Option.Values
	Strings // a list of strings; a single one will do, and a reference may hold several with commas
	Any     // free-form: whatever the file holds
	Group   // a map with options of its own
	List    // a list of maps with options of their own
)

func (k Kind) String() string { return kinds[k].name }

// kinds has the words for each Kind: its name in documentation, and for messages
// what a value should have been.
var kinds = [...]struct{ name, noun, expected string }{
	Bool:     {"bool", "a boolean", "true or false"},
	Int:      {"int", "an integer", "a whole number such as 10"},
	Float:    {"float", "a number", "a number such as 1.5"},
	Duration: {"duration", "a duration", "a number with a unit such as 10s or 1m30s"},
	Bytes:    {"bytes", "a number of bytes", "a whole number without a unit such as 10485760"},
	ByteSize: {"size", "a size", "a number with a unit such as 10MB or 10MiB"},
	String:   {"string", "a string", "a single value"},
	Enum:     {"enum", "a known value", "a single value"},
	Strings:  {"list of strings", "a list of strings", "a list of strings"},
	Any:      {"any", "a value", "any value"},
	Group:    {"map", "a map", "a map"},
	List:     {"list", "a list of maps", "a list of maps"},
}

// Status says what setting an option does.
type Status uint8

const (
	Honoured   Status = iota
	Deprecated        // honoured, with a warning
	NoEffect          // accepted and ignored, with a notice
	Refused           // an error
	Unknown           // in reports only: a key that no table names
)

func (s Status) String() string {
	return [...]string{"honoured", "deprecated", "no effect", "refused", "unknown"}[s]
}

// Option describes one setting.
type Option struct {
	Name    string // dotted path inside its section, e.g. "close.reader.on_eof"
	Kind    Kind
	Status  Status
	Default string   // as documentation shows it
	Values  []string // of an Enum
	Note    string   // what it does here; why it has no effect; what to use instead
	// Options are the children of a Group or List, when they are always the same
	// and not recursive. Those of a Group can be read by dotted name from outside
	// as well as through Sub. Without them the reader gives Sub or List a Table.
	Options []Option
}

// Table is what a section may hold. Tables are usually package variables; they
// are never changed here.
type Table struct {
	Name    string // for messages to programmers and for documentation
	Options []Option
}

// index lists a table's options by dotted name, groups' children included.
// A name that comes twice is a programmer's error and panics.
func (t *Table) index() map[string]*Option {
	index := map[string]*Option{}
	var add func(prefix string, options []Option)
	add = func(prefix string, options []Option) {
		for i := range options {
			o := &options[i]
			name := prefix + o.Name
			if _, twice := index[name]; twice {
				panic(fmt.Sprintf("tree: table %q has option %q twice", t.Name, name))
			}
			index[name] = o
			if o.inline() {
				add(name+".", o.Options)
			}
		}
	}
	add("", t.Options)
	return index
}

// inline tells a Group whose children are options of the section around it. One
// without effect has none that could be read.
func (o *Option) inline() bool {
	return o.Kind == Group && len(o.Options) > 0 && (o.Status == Honoured || o.Status == Deprecated)
}
