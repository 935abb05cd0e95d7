package kafka

import (
	"encoding/binary"
	"slices"

	"github.com/logcar/logcar/output"
)

// headers are those of all records, and the id of each.
type headers struct {
	all  []byte // as they stand in a record, the id aside; nil: none
	ids  bool
	with []byte // the same with the last id
}

// idHeader has an event's id, which lets a consumer tell a repeated delivery without
// reading the document.
const idHeader = "logcar-id"

func newHeaders(list []Header, ids bool) headers {
	h := headers{ids: ids}
	// As in Filebeat, a header without a key is none.
	list = slices.DeleteFunc(slices.Clone(list), func(h Header) bool { return h.Key == "" })
	n := len(list)
	if ids {
		n++
	}
	if n > 0 {
		h.all = encodeHeaders(n, list...)
	}
	return h
}

// of returns the headers of the document that enc has appended last.
func (h *headers) of(enc *output.Encoder) []byte {
	if !h.ids {
		return h.all
	}
	return h.withID(enc.ID())
}

func (h *headers) withID(id []byte) []byte {
	h.with = append(h.with[:0], h.all...)
	h.with = append(binary.AppendVarint(h.with, int64(len(idHeader))), idHeader...)
	h.with = append(binary.AppendVarint(h.with, int64(len(id))), id...)
	return h.with
}

// encodeHeaders writes how many headers follow, and some of them.
func encodeHeaders(count int, headers ...Header) []byte {
	dst := binary.AppendVarint(nil, int64(count))
	for _, h := range headers {
		dst = append(binary.AppendVarint(dst, int64(len(h.Key))), h.Key...)
		dst = append(binary.AppendVarint(dst, int64(len(h.Value))), h.Value...)
	}
	return dst
}
