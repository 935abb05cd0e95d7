package peers

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Panel is a bar chart of one figure; less is better.
type Panel struct {
	Title string
	Bars  []Bar
}

// Bar is one program's figure.
type Bar struct {
	Name  string
	Value float64
}

// The chart's measures, in pixels.
const (
	width      = 720
	nameWidth  = 190
	valueWidth = 70
	barHeight  = 20
	rowHeight  = 28
	headHeight = 40
	margin     = 16
)

// Draw writes the panels below each other as an SVG image.
func Draw(w io.Writer, title string, panels []Panel) error {
	height := margin + headHeight
	for _, p := range panels {
		height += headHeight + rowHeight*len(p.Bars)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" `+
		`font-family="sans-serif" font-size="13" fill="#222">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	text(&b, margin, margin+16, `font-size="16" font-weight="bold"`, title)
	y := margin + headHeight
	for _, p := range panels {
		text(&b, margin, y+12, `font-weight="bold"`, p.Title)
		p.draw(&b, y+headHeight/2)
		y += headHeight + rowHeight*len(p.Bars)
	}
	b.WriteString("</svg>\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	return nil
}

// draw draws the bars; the first, logcar's, has a colour of its own.
func (p Panel) draw(b *strings.Builder, y int) {
	most := 0.0
	for _, bar := range p.Bars {
		most = max(most, bar.Value)
	}
	const room = width - 2*margin - nameWidth - valueWidth
	for i, bar := range p.Bars {
		length := 0.0
		if most > 0 {
			length = room * bar.Value / most
		}
		colour := "#9aa5b1"
		if i == 0 {
			colour = "#1f7a4d"
		}
		const baseline = 15
		text(b, margin, y+baseline, "", bar.Name)
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", margin+nameWidth, y, length, barHeight, colour)
		fmt.Fprintf(b, `<text x="%.1f" y="%d">%.1f</text>`+"\n", margin+nameWidth+length+6, y+baseline, bar.Value)
		y += rowHeight
	}
}

func text(b *strings.Builder, x, y int, attributes, s string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" %s>`, x, y, attributes)
	_ = xml.EscapeText(b, []byte(s)) // a Builder takes everything
	b.WriteString("</text>\n")
}
