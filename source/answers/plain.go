package answers

import (
	"html"
	"strings"
)

// PlainText returns a text of the survey's editor without HTML. White space is one space, as
// browsers show it. The contents of style and script elements go.
func PlainText(text *string) string {
	if text == nil {
		return ""
	}
	var b strings.Builder
	rest, unclosed := *text, make(map[string]bool)
	for {
		at := strings.IndexByte(rest, '<')
		if at < 0 || at+1 == len(rest) {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:at])
		rest = rest[at:]
		if c := rest[1]; c != '/' && c != '!' && (c|0x20 < 'a' || c|0x20 > 'z') {
			b.WriteByte('<') // a comparison
			rest = rest[1:]
			continue
		}
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			b.WriteString(rest)
			break
		}
		name := tagName(rest[1:end])
		rest = rest[end+1:]
		switch name {
		case "style", "script":
			if unclosed[name] {
				continue
			}
			if end := closing(rest, name); end >= 0 {
				rest = rest[end:]
			} else {
				unclosed[name] = true // a second search would not find more
			}
		case "br", "p", "div", "li", "ul", "ol", "table", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6":
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(html.UnescapeString(b.String())), " ")
}

// closing returns the offset of the end tag of an element; -1 if there is none.
func closing(text, name string) int {
	for at := 0; ; at++ {
		next := strings.Index(text[at:], "</")
		if next < 0 {
			return -1
		}
		at += next
		if end := at + len("</") + len(name); end <= len(text) && strings.EqualFold(text[at+len("</"):end], name) {
			return at
		}
	}
}

// tagName returns the name of an element, in lower case.
func tagName(tag string) string {
	tag = strings.TrimPrefix(tag, "/")
	if end := strings.IndexFunc(tag, func(r rune) bool { return r == ' ' || r == '/' || r == '\n' || r == '\t' }); end >= 0 {
		tag = tag[:end]
	}
	return strings.ToLower(tag)
}
