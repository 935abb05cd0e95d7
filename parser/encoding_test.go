package parser

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func encode(tb testing.TB, e encoding.Encoding, s string) string {
	tb.Helper()
	b, err := e.NewEncoder().String(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestEncodings holds encodings against what Filebeat makes of the same bytes.
func TestEncodings(t *testing.T) {
	le := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	be := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	const text = "2018-10-30 中文日志 第一行\n第二行 café\n"
	for _, tt := range []struct {
		encoding, input string
		want            []string
	}{
		{"", "\xff\xfeab\xc3\n", []string{line(0, "\xff\xfeab\xc3")}},
		{"plain", "a\n\nb\r\n \n", []string{line(0, "a"), line(3, "b"), line(6, " ")}},
		{"nop", "\ufefffirst\nsec\ufeffond\n", []string{line(0, "first"), line(9, "sec\ufeffond")}},
		{"utf-8", "a\xffb\xe2\x82\nü\xc3\n", []string{line(0, "a\ufffdb\ufffd\ufffd"), line(6, "ü\ufffd")}},
		{"UTF8", "\ufeffa\n", []string{line(0, "a")}},
		{"gbk", "\xd6\xd0\xce\xc4\xc8\xd5\xd6\xbe \xb5\xda\xd2\xbb\xd0\xd0\n\xb5\xda\xb6\xfe\xd0\xd0\n", []string{line(0, "中文日志 第一行"), line(16, "第二行")}},
		{"gbk", "\xd6\n\xd6\xd0\n", []string{line(0, "\ufffd"), line(2, "中")}}, // a letter torn apart
		{"gb18030", encode(t, simplifiedchinese.GB18030, text), []string{line(0, "2018-10-30 中文日志 第一行"), line(27, "第二行 café")}},
		{"hz-gb-2312", "a ~{VPND~}\nb\n", []string{line(0, "a 中文"), line(11, "b")}},
		{"hz-gb-2312", "~{VP\nb\n", []string{line(0, "中"), line(5, "b")}},
		{"latin1", "caf\xe9 \xf1\n\xfc\x80\n", []string{line(0, "café ñ"), line(7, "ü€")}},
		{"iso8859-1", "\x80\xe9\n", []string{line(0, "\u0080é")}},
		{"ISO-8859-15", "\xa4\n", []string{line(0, "€")}},
		{"shift-jis", "\x93\xfa\x96\x7b\x8c\xea\x83\x8d\x83\x4f\n\x93\xf1\x8d\x73\x96\xda\n", []string{line(0, "日本語ログ"), line(11, "二行目")}},
		{"iso-2022-jp", "\x1b$BF|K\\\x1b(B!\nascii\n\x1b$BF|\nK\n", []string{line(0, "日本!"), line(12, "ascii"), line(18, "日"), line(24, "K")}},
		{"euc-kr", "\xc7\xd1\n", []string{line(0, "한")}},
		{"big5", "\xa4\xa4\n", []string{line(0, "中")}},
		{"koi8-r", "\xd0\xd2\n", []string{line(0, "пр")}},
		{"cp437", "\x81\n", []string{line(0, "ü")}},
		{"windows-1252", "smart \x93quotes\x94 \x80\n", []string{line(0, "smart “quotes” €")}},
		{"ebcdic-037", "\xc8\x89\x25\xc9\x25", []string{line(0, "Hi"), line(3, "I")}},
		{"utf-16le", encode(t, le, text), []string{line(0, "2018-10-30 中文日志 第一行"), line(40, "第二行 café")}},
		{"utf-16be", encode(t, be, text), []string{line(0, "2018-10-30 中文日志 第一行"), line(40, "第二行 café")}},
		{"utf-16le", encode(t, le, "\ufeffa\r\n\ufeffb\n"), []string{line(0, "a"), line(8, "b")}},
		{"utf-16le", encode(t, le, "Ċ\n一Ā\n"), []string{line(0, "Ċ"), line(4, "一Ā")}},   // U+010A is no line end
		{"utf-16be", encode(t, be, "aĀਊ\nb\n"), []string{line(0, "aĀਊ"), line(8, "b")}}, // nor is 00 0a in the middle of two
		{"utf-16be", encode(t, be, "a") + "\xd8\x00" + encode(t, be, "\nb\n"), []string{line(0, "a\ufffd"), line(6, "b")}},
		{"utf-16-bom", "\xfe\xff" + encode(t, be, text), []string{line(2, "2018-10-30 中文日志 第一行"), line(42, "第二行 café")}},
		{"utf-16-bom", "\xff\xfe" + encode(t, le, text), []string{line(2, "2018-10-30 中文日志 第一行"), line(42, "第二行 café")}},
		{"utf-16le-bom", "\xff\xfe" + encode(t, le, text), []string{line(2, "2018-10-30 中文日志 第一行"), line(42, "第二行 café")}},
		{"utf-16le-bom", "\xfe\xff" + encode(t, be, text), []string{line(2, "2018-10-30 中文日志 第一行"), line(42, "第二行 café")}},
		{"UTF-16LE-BOM", encode(t, le, text), []string{line(0, "2018-10-30 中文日志 第一行"), line(40, "第二行 café")}},
		{"utf-16be-bom", encode(t, be, text), []string{line(0, "2018-10-30 中文日志 第一行"), line(40, "第二行 café")}},
	} {
		t.Run(tt.encoding, func(t *testing.T) {
			got, _ := docs(t, Config{Encoding: tt.encoding}, tt.input, wait)
			check(t, got, tt.want...)
		})
	}
}

func TestEncodingAndMultiline(t *testing.T) {
	le := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	got, _ := docs(t, Config{Encoding: "utf-16le", Stages: []Stage{anchored(t, "^2018")}}, encode(t, le, "2018 一\n  续\n2018 二\n"), flush)
	check(t, got, `{"log":{"flags":["multiline"],"offset":0},"message":"2018 一\n  续"}`, line(22, "2018 二"))
}

// names are those that Filebeat adds to the WHATWG standard's.
var names = strings.Fields(`plain nop utf-8 utf8 unicode-1-1-utf-8 gbk utf-16-bom utf-16be-bom utf-16le-bom
	iso8859-6e iso8859-6i iso8859-8e iso8859-8i
	iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16
	cp437 cp850 cp852 cp855 cp858 cp860 cp862 cp863 cp865 cp866 ebcdic-037 ebcdic-1040 ebcdic-1047 koi8r koi8u
	macintosh macintosh-cyrillic windows1250 windows1251 windows1252 windows1253 windows1254 windows1255 windows1256 windows1257 windows1258 windows874
	utf-16le utf-16be big5 gb18030 euc-kr euc-jp iso-2022-jp shift_jis koi8-r windows-1252 latin1 hz-gb-2312 x-user-defined ascii`)

// TestEncodingNames reads a line in each encoding that has a name.
func TestEncodingNames(t *testing.T) {
	for _, name := range names {
		for _, name := range []string{name, strings.ToUpper(name), " " + name + " "} {
			chain, err := New(Config{Encoding: name})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			coding := chain.lines.coding
			if coding == nil {
				coding = encoding.Nop
			}
			input := ""
			if strings.ToLower(strings.TrimSpace(name)) == "utf-16-bom" {
				input, coding = "\xfe\xff", utf16be
			}
			input += encode(t, coding, "x1\ny2\r\n")
			out := feed(t, chain.File(), input, 5, 10, wait)
			if string(out.Data) != "x1y2" || len(out.Events) != 2 {
				t.Errorf("%s: %q in %d events", name, out.Data, len(out.Events))
			}
		}
	}
}

func TestDistinctEncodings(t *testing.T) {
	for name, want := range map[string]encoding.Encoding{
		"gbk": simplifiedchinese.GBK, "gb18030": simplifiedchinese.GB18030, "iso8859-1": charmap.ISO8859_1,
		"iso-8859-1": charmap.Windows1252, "latin1": charmap.Windows1252, "iso8859-9": charmap.ISO8859_9, "iso-8859-9": charmap.Windows1254,
	} {
		if chain := mustNew(t, Config{Encoding: name}); chain.lines.coding != want {
			t.Errorf("%s: %v, want %v", name, chain.lines.coding, want)
		}
	}
	if _, err := htmlindex.Get("hz-gb-2312"); err != nil {
		t.Errorf("hz-gb-2312: %v", err)
	}
}

func TestNewErrors(t *testing.T) {
	for _, tt := range []struct {
		config Config
		want   string
	}{
		{Config{Encoding: "klingon"}, `encoding: "klingon" is unknown`},
		{Config{Encoding: "iso-2022-kr"}, `encoding: "iso-2022-kr" cannot be read: the WHATWG standard gives it no decoder`},
		{Config{Terminator: "newline"}, `line_terminator: "newline" is none of Filebeat's, such as auto or line_feed`},
		{Config{Encoding: "gbk", Terminator: "line_separator"}, `line_terminator: encoding gbk has no character [U+2028]`},
		{Config{Encoding: "cp437", Terminator: "next_line"}, `line_terminator: encoding cp437 has no character [U+0085]`},
		{Config{Encoding: "gb18030", Terminator: "line_separator"}, `line_terminator: line_separator cannot be told from letters in encoding gb18030`},
		{Config{Stages: []Stage{Container{Stream: "out"}}}, `stream: "out" is none of all, stdout, stderr`},
		{Config{Stages: []Stage{Container{Format: "crio"}}}, `format: "crio" is none of auto, docker, json-file, cri`},
		{Config{Stages: []Stage{Multiline{}}}, `multiline: no rule`},
		{Config{Stages: []Stage{Multiline{Rule: anchored(t, "a").Rule, MaxLines: -1}}}, `multiline: max_lines -1, timeout 0s: expected 0 or more`},
		{Config{Stages: []Stage{JSON{}, Container{}}}, `parsers: stage 2: the log input's order is container, json, multiline`},
		{Config{Stages: []Stage{JSON{}, JSON{}}}, `parsers: stage 2: the log input's order is container, json, multiline`},
		{Config{Stages: []Stage{NDJSON{}}}, `parsers: the log input has none`},
		{Config{Filestream: true, Stages: []Stage{Container{}, NDJSON{}, Container{}}}, `parsers: stage 3: there is a container already`},
		{Config{Filestream: true, Stages: []Stage{NDJSON{}, JSON{}}}, `parsers: stage 2: json is an option of the log input; the parser is ndjson`},
		{Config{Filestream: true, Stages: []Stage{NDJSON{Target: "@timestamp"}}}, `ndjson.target: "@timestamp" is not a field`},
		{Config{Filestream: true, Stages: []Stage{Syslog{Format: "rfc"}}}, `syslog.format: "rfc" is none of auto, rfc3164, rfc5424`},
		{Config{Filestream: true, Stages: []Stage{IncludeMessage{}}}, `include_message.patterns: missing`},
	} {
		if chain, err := New(tt.config); err == nil || err.Error() != tt.want || chain != nil {
			t.Errorf("New(%+v): %v; want %s", tt.config, err, tt.want)
		}
	}
}

func TestTerminators(t *testing.T) {
	for _, tt := range []struct {
		encoding, terminator, input string
		want                        []string
	}{
		{"", "auto", "a\r\nb\n\r\nc\r", []string{line(0, "a"), line(3, "b")}},
		{"", "line_feed", "a\r\nb\n", []string{line(0, "a\r"), line(3, "b")}},
		{"", "vertical_tab", "a\nb\vc\v", []string{line(0, "a\nb"), line(4, "c")}},
		{"", "form_feed", "a\fb\f", []string{line(0, "a"), line(2, "b")}},
		{"", "carriage_return", "a\rb\n\r", []string{line(0, "a"), line(2, "b\n")}},
		{"", "carriage_return_line_feed", "a\r\nb\rc\nd\r\n", []string{line(0, "a"), line(3, "b\rc\nd")}},
		{"", "line_separator", "a\u2028b\u2027\u2028", []string{line(0, "a"), line(4, "b\u2027")}},
		{"", "paragraph_separator", "a\u2029b\u2029", []string{line(0, "a"), line(4, "b")}},
		{"", "null_terminator", "a\nb\x00c\x00", []string{line(0, "a\nb"), line(4, "c")}},
		{"", "next_line", "a\x85b\x85", []string{line(0, "a"), line(2, "b")}}, // as in Filebeat
		{"", "next_line", "a\u0085Åх…腅\u0085😅\u0085\x85", []string{line(0, "a"), line(3, "Åх…腅"), line(15, "😅")}},
		{"utf-8", "next_line", "a\u0085Å\x85\u0085", []string{line(0, "a"), line(3, "Å\ufffd")}},
		{"latin1", "line_feed", "\xe9\n", []string{line(0, "é")}},
		{"iso8859-1", "next_line", "\xe9\x85\xc3\x85", []string{line(0, "é"), line(2, "Ã")}},
		{"utf-16le", "next_line", "a\x00\x85\x00\x85\x01\x85\x00", []string{line(0, "a"), line(4, "ƅ")}},
		{"utf-16be", "carriage_return_line_feed", "\x00a\x00\r\x00\n\x00b\x00\n\x00\r\x00\n", []string{line(0, "a"), line(6, "b\n")}},
		{"utf-16be", "line_separator", "\x00a\x20\x28", []string{line(0, "a")}},
		{"utf-16le", "null_terminator", "a\x00\x00\x01\x00\x00", []string{line(0, "aĀ")}},
	} {
		t.Run(tt.encoding+" "+tt.terminator, func(t *testing.T) {
			got, _ := docs(t, Config{Encoding: tt.encoding, Terminator: tt.terminator}, tt.input, wait)
			check(t, got, tt.want...)
		})
	}
}

func TestByteOrderMarkIsMissing(t *testing.T) {
	f := mustNew(t, Config{Encoding: "utf-16-bom"}).File()
	out := &Output{}
	if err := f.Feed([]byte("a"), readAt); err != nil || f.Take(out, 1) {
		t.Fatalf("one byte says nothing yet: %v", err)
	}
	for range 2 {
		if err := f.Feed([]byte("\x00\n\x00"), readAt); !errors.Is(err, errNoBOM) {
			t.Errorf("Feed: %v, want %v", err, errNoBOM)
		}
		if f.Take(out, 1); len(out.Events) > 0 || f.Settled() != 0 {
			t.Errorf("%d events, settled %d", len(out.Events), f.Settled())
		}
	}
}

// TestHead: reading goes on in the middle of a file, with the byte order of its
// beginning.
func TestHead(t *testing.T) {
	rest := encode(t, utf16be, "a\nb\n")
	for _, tt := range []struct {
		encoding, head string
		want           []string
	}{
		{"utf-16-bom", "\xfe\xff\x00x", []string{line(4, "a"), line(8, "b")}},
		{"utf-16le-bom", "\xfe\xff\x00x", []string{line(4, "a"), line(8, "b")}},
		{"utf-16be-bom", "\x00x\x00y", []string{line(4, "a"), line(8, "b")}},
		{"utf-16be-bom", "", []string{line(4, "a"), line(8, "b")}},
		{"utf-16be", "", []string{line(4, "a"), line(8, "b")}},
	} {
		chain := mustNew(t, Config{Encoding: tt.encoding})
		f := chain.File()
		f.Reset(4)
		if want := strings.HasSuffix(tt.encoding, "bom"); chain.NeedsHead() != want {
			t.Errorf("%s: NeedsHead is %v", tt.encoding, !want)
		}
		if err := f.Head([]byte(tt.head)); err != nil {
			t.Errorf("%s: Head(%q): %v", tt.encoding, tt.head, err)
		}
		check(t, feed(t, f, rest, 3, 10, wait).docs(t), tt.want...)
	}
	f := mustNew(t, Config{Encoding: "utf-16-bom"}).File()
	f.Reset(4)
	if err := f.Head([]byte("\x00x")); !errors.Is(err, errNoBOM) {
		t.Errorf("Head: %v, want %v", err, errNoBOM)
	}
	if err := f.Feed([]byte(rest), readAt); !errors.Is(err, errNoBOM) {
		t.Errorf("Feed: %v, want %v", err, errNoBOM)
	}
}

// TestInsideRune compares with what a decoder knows.
func TestInsideRune(t *testing.T) {
	text := []byte("a\u0085ÅåхЕ…ༀ腅\U0001F605\U00010085é…\x85😅\x85é\x85")
	inside := map[int]bool{}
	for i, r := range string(text) {
		if r == 0x85 {
			continue
		}
		for k := 1; k < len(string(r)); k++ {
			inside[i+k] = true
		}
	}
	var found, want []int
	for i, c := range text {
		if c != 0x85 {
			continue
		}
		if insideRune(text[:i]) {
			found = append(found, i)
		}
		if inside[i] {
			want = append(want, i)
		}
	}
	if !slices.Equal(found, want) || len(want) < 5 {
		t.Errorf("0x85 is part of letters at %v, want %v", found, want)
	}
}
