package sandbox

import (
	"bufio"
	"cmp"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
)

// writeTable writes a file of the formats csv, tsv and xml.
func (d *download) writeTable(w io.Writer) error {
	o := &d.job.request.table
	columns := d.job.columns
	out := bufio.NewWriter(w)
	if d.job.request.format == "xml" {
		if err := d.writeXML(out, columns); err != nil {
			return err
		}
		return out.Flush()
	}
	lines := &lineWriter{w: out, separator: ",", doubt: d.doubt}
	if d.job.request.format == "tsv" {
		lines.separator, lines.wide = "\t", d.doubt.TSVInUTF16
	}
	lines.begin()
	tags, texts, imports := make([]string, len(columns)), make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		tags[i], texts[i], imports[i] = c.tag, c.text, c.importID(o.zone, cmp.Or(d.doubt.LabelsMark, "IsLabelsColumn"))
	}
	lines.write(tags)
	lines.write(texts)
	lines.write(imports)
	cells := make([]string, len(columns))
	for record := range d.rows {
		var row tableRow
		mustDecode(record, &row)
		for i := range columns {
			cells[i] = o.cell(&columns[i], &row)
		}
		if lines.write(cells); lines.err != nil {
			return lines.err
		}
	}
	return out.Flush()
}

// importID returns the cell of the third header row (*recorded*). Only columns
// of labels have the member named by mark (*documented*).
func (c *tableColumn) importID(z zone, mark string) string {
	text := appendQuoted([]byte(`{"ImportId":`), c.key)
	if c.choiceID != "" {
		text = appendQuoted(append(text, `,"choiceId":`...), c.choiceID)
	}
	if c.kind == cellDate {
		text = appendQuoted(append(text, `,"timeZone":`...), z.name)
	}
	if c.label {
		text = append(appendQuoted(append(text, ','), mark), ":true"...)
	}
	return string(append(text, '}'))
}

// lineWriter writes rows of cells in UTF-8 without a byte order mark. Rows end
// with CR LF, and cells are quoted by RFC 4180 (*recorded* for CSV, *assumed*
// for TSV).
type lineWriter struct {
	w         io.Writer
	separator string
	doubt     Doubt
	wide      bool // UTF-16, little endian
	err       error
}

func (l *lineWriter) begin() {
	if l.wide || l.doubt.TableWithBOM {
		l.text("\ufeff")
	}
}

func (l *lineWriter) write(cells []string) {
	for i, cell := range cells {
		if i > 0 {
			l.text(l.separator)
		}
		if l.doubt.QuoteEveryCell || strings.ContainsAny(cell, l.separator+"\"\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		l.text(cell)
	}
	l.text("\r\n")
}

func (l *lineWriter) text(text string) {
	if l.err != nil {
		return
	}
	content := []byte(text)
	if l.wide {
		content = content[:0]
		for _, unit := range utf16.Encode([]rune(text)) {
			content = append(content, byte(unit), byte(unit>>8))
		}
	}
	_, l.err = l.w.Write(content)
}

// writeXML writes one element for each column, named by its key and choice
// (*recorded*).
func (d *download) writeXML(w *bufio.Writer, columns []tableColumn) error {
	o := &d.job.request.table
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].element()
	}
	_, err := w.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Responses>")
	for record := range d.rows {
		if err != nil {
			return err
		}
		var row tableRow
		mustDecode(record, &row)
		_, _ = w.WriteString("<Response>")
		for i := range columns {
			text := xmlEscaper.Replace(strings.Map(xmlCharacter, o.cell(&columns[i], &row)))
			_, _ = w.WriteString("<" + names[i] + ">" + text + "</" + names[i] + ">")
		}
		_, err = w.WriteString("</Response>\n") // the writer keeps the first error
	}
	if err == nil {
		_, err = w.WriteString("</Responses>\n")
	}
	return err
}

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// xmlCharacter drops control characters, which XML cannot represent.
func xmlCharacter(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' {
		return -1
	}
	return r
}

// element returns the name of the column in XML. An underscore precedes a leading
// digit (*recorded*) and replaces other characters (*assumed*).
func (c *tableColumn) element() string {
	name := c.key
	if c.choiceID != "" {
		name += "_" + c.choiceID
	}
	if c.label {
		name += "_LABEL"
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-.", r) {
			return r
		}
		return '_'
	}, name)
	if first := rune(name[0]); first < 'A' && first != '_' {
		name = "_" + name
	}
	return name
}
