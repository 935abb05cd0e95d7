package processor

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/logcar/logcar/internal/suggest"
)

// limits is one field of the condition range.
type limits struct {
	path             path
	gt, gte, lt, lte float64
}

func (l *limits) check(d *Document) bool {
	v, err := d.get(l.path)
	if err != nil {
		return false
	}
	f, ok := number(v)
	return ok && f > l.gt && f >= l.gte && f < l.lt && f <= l.lte
}

func (b *builder) ranges(c *Condition, m map[string]any, at string) checker {
	list := allOf{}
	index := map[string]*limits{}
	for _, p := range flattenLists(m) {
		path := join(at, p.name)
		dot := strings.LastIndexByte(p.name, '.')
		field, op := p.name[:max(dot, 0)], p.name[dot+1:]
		limit, ok := toFloat(p.value)
		if !ok {
			b.fail(path, "expected a number, found "+describe(p.value))
			continue
		}
		l := index[field]
		if l == nil {
			l = &limits{newPath(field), math.Inf(-1), math.Inf(-1), math.Inf(1), math.Inf(1)}
			index[field] = l
			list = append(list, l)
			c.reads = append(c.reads, field)
		}
		switch {
		case field == "":
			b.fail(path, fmt.Sprintf("expected a field and gt, gte, lt or lte, such as %s.gte", p.name))
		case op == "gt":
			l.gt = limit
		case op == "gte":
			l.gte = limit
		case op == "lt":
			l.lt = limit
		case op == "lte":
			l.lte = limit
		default:
			b.fail(path, fmt.Sprintf("unexpected range operator %s; expected gt, gte, lt or lte", op))
		}
	}
	return list.simple()
}

// within is one field of the condition network.
type within struct {
	path     path
	networks []func(netip.Addr) bool
}

func (w *within) check(d *Document) bool {
	v, err := d.get(w.path)
	if err != nil {
		return false
	}
	switch v := v.(type) {
	case string:
		return w.has(v)
	case []string:
		return slices.ContainsFunc(v, w.has)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool {
			s, ok := item.(string)
			return ok && w.has(s)
		})
	}
	return false
}

func (w *within) has(text string) bool {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	return slices.ContainsFunc(w.networks, func(in func(netip.Addr) bool) bool { return in(addr) })
}

// namedNetworks are Filebeat's.
var namedNetworks = map[string]func(netip.Addr) bool{
	"loopback":                  netip.Addr.IsLoopback,
	"global_unicast":            netip.Addr.IsGlobalUnicast,
	"unicast":                   netip.Addr.IsGlobalUnicast,
	"link_local_unicast":        netip.Addr.IsLinkLocalUnicast,
	"interface_local_multicast": netip.Addr.IsInterfaceLocalMulticast,
	"link_local_multicast":      netip.Addr.IsLinkLocalMulticast,
	"multicast":                 netip.Addr.IsMulticast,
	"unspecified":               netip.Addr.IsUnspecified,
	"private":                   isPrivate,
	"public":                    isPublic,
}

// isPrivate takes fd00::/8 of the fc00::/7 that RFC 4193 names, as Filebeat does:
// the other half is not given out.
func isPrivate(a netip.Addr) bool {
	return a.IsPrivate() && (a.Is4() || a.As16()[0] == 0xfd)
}

func isPublic(a netip.Addr) bool {
	return !isPrivate(a) && !a.IsLoopback() && !a.IsUnspecified() && !a.IsLinkLocalUnicast() &&
		!a.IsLinkLocalMulticast() && !a.IsInterfaceLocalMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func (b *builder) networks(c *Condition, m map[string]any, at string) checker {
	list := allOf{}
	for _, p := range flatten(m) {
		w := &within{path: newPath(p.name)}
		c.reads = append(c.reads, p.name)
		for i, item := range oneOrMore(p.value) {
			network, err := newNetwork(item)
			if err != nil {
				path := join(at, p.name)
				if _, isList := p.value.([]any); isList {
					path = join(path, strconv.Itoa(i))
				}
				b.fail(path, err.Error())
				continue
			}
			w.networks = append(w.networks, network)
		}
		list = append(list, w)
	}
	return list.simple()
}

func newNetwork(v any) (func(netip.Addr) bool, error) {
	text, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("expected a network such as 10.0.0.0/8 or private, found %s", describe(v))
	}
	if in := namedNetworks[text]; in != nil {
		return in, nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		names := make([]string, 0, len(namedNetworks))
		for name := range namedNetworks {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("%s is no network; expected an address with a prefix length such as 192.0.2.0/24, or one of %s%s",
			strconv.Quote(text), strings.Join(names, ", "), suggest.DidYouMean(text, names))
	}
	prefix = prefix.Masked()
	return prefix.Contains, nil
}
