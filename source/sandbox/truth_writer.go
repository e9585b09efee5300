package sandbox

import "encoding/json"

// rowWriter appends the members of a row of truth, in the order of the calls.
type rowWriter []byte

func (r *rowWriter) name(name string) {
	switch len(*r) {
	case 0:
		*r = append(*r, '{')
	default:
		*r = append(*r, ',')
	}
	*r = append(append(append(*r, '"'), name...), '"', ':')
}

func (r *rowWriter) text(name, value string) { r.name(name); *r = appendQuoted(*r, value) }

// textOrNull writes null for the empty text.
func (r *rowWriter) textOrNull(name, value string) { r.name(name); *r = appendQuotedOrNull(*r, value) }

func (r *rowWriter) number(name string, value int) { r.name(name); *r = appendInt(*r, value) }

func (r *rowWriter) date(name string, unix int64) { r.name(name); *r = appendSeconds(*r, unix) }

func (r *rowWriter) null(name string) { r.name(name); *r = append(*r, "null"...) }

func (r *rowWriter) yes(name string, value bool) {
	r.name(name)
	if value {
		*r = append(*r, "true"...)
	} else {
		*r = append(*r, "false"...)
	}
}

// object writes an object, or null for one without members.
func (r *rowWriter) object(name string, value map[string]any) {
	if len(value) == 0 {
		r.null(name)
		return
	}
	r.json(name, encodeJSON(value))
}

// json writes a value as in the API.
func (r *rowWriter) json(name string, value json.RawMessage) { r.name(name); *r = append(*r, value...) }

// done returns the finished row.
func (r *rowWriter) done() []byte { return append(*r, '}') }

// jsonOrNull writes null for no value.
func (r *rowWriter) jsonOrNull(name string, value json.RawMessage) {
	if len(value) == 0 {
		r.null(name)
		return
	}
	r.json(name, value)
}
