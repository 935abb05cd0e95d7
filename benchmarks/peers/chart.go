package peers

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Chart is bar charts below each other, as an SVG image that is readable on a
// light page and on a dark one.
type Chart struct {
	Title  string
	Panels []Panel
	Note   string // small, at the bottom
}

// Panel is a bar chart of one figure; less is better. The first bar, logcar's,
// has a colour of its own.
type Panel struct {
	Title string
	Bars  []Bar
}

// Bar is one program's figure.
type Bar struct {
	Name  string
	Value float64
	Text  string // beside the bar
}

// The chart's measures, in pixels.
const (
	width      = 760
	nameWidth  = 240
	valueWidth = 60
	barHeight  = 18
	rowHeight  = 26
	headHeight = 36
	noteHeight = 28
	margin     = 20
)

// style is the one place with colours. The card has its own background, because
// the page that shows it may be dark where the reader's system is light.
const style = `<style>
.card { fill: #ffffff; stroke: #d0d7de; }
text { fill: #1f2328; font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
.title { font-size: 16px; font-weight: 600; }
.head { font-weight: 600; }
.note { fill: #59636e; font-size: 11px; }
.peer { fill: #8c959f; }
.logcar { fill: #1a7f4b; }
@media (prefers-color-scheme: dark) {
.card { fill: #0d1117; stroke: #3d444d; }
text { fill: #f0f6fc; }
.note { fill: #9198a1; }
.peer { fill: #656c76; }
.logcar { fill: #2ea86a; }
}
</style>
`

// Draw writes the image.
func (c Chart) Draw(w io.Writer) error {
	height := margin + headHeight + noteHeight
	for _, p := range c.Panels {
		height += p.height()
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">`+"\n", width, height)
	b.WriteString("<title>")
	escape(&b, c.describe())
	b.WriteString("</title>\n" + style)
	fmt.Fprintf(&b, `<rect class="card" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", width-1, height-1)
	text(&b, margin, margin+14, "title", c.Title)
	y := margin + headHeight
	for _, p := range c.Panels {
		p.draw(&b, y)
		y += p.height()
	}
	text(&b, margin, y+noteHeight/2-2, "note", c.Note)
	b.WriteString("</svg>\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	return nil
}

// describe is the chart in words, for readers who cannot see it.
func (c Chart) describe() string {
	var b strings.Builder
	b.WriteString(c.Title + ".")
	for _, p := range c.Panels {
		b.WriteString(" " + p.Title)
		for i, bar := range p.Bars {
			b.WriteString([]string{": ", ", "}[min(i, 1)] + bar.Name + " " + bar.Text)
		}
		b.WriteString(".")
	}
	return b.String()
}

func (p Panel) height() int { return headHeight + rowHeight*len(p.Bars) }

func (p Panel) draw(b *strings.Builder, y int) {
	text(b, margin, y+12, "head", p.Title)
	y += headHeight / 2
	most := 0.0
	for _, bar := range p.Bars {
		most = max(most, bar.Value)
	}
	const (
		left     = margin + nameWidth
		room     = width - margin - left - valueWidth
		baseline = 17
	)
	for i, bar := range p.Bars {
		length := 0.0
		if most > 0 {
			length = room * bar.Value / most
		}
		class := "peer"
		if i == 0 {
			class = "logcar"
		}
		text(b, margin, y+baseline, "", bar.Name)
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", class, left, y+(rowHeight-barHeight)/2, max(length, 1), barHeight)
		text(b, left+int(length)+8, y+baseline, "", bar.Text)
		y += rowHeight
	}
}

func text(b *strings.Builder, x, y int, class, s string) {
	fmt.Fprintf(b, `<text x="%d" y="%d"`, x, y)
	if class != "" {
		fmt.Fprintf(b, ` class="%s"`, class)
	}
	b.WriteString(">")
	escape(b, s)
	b.WriteString("</text>\n")
}

func escape(b *strings.Builder, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a Builder takes everything
}
