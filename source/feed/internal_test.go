package feed

// Parse takes a record apart.
func (r *Response) Parse(raw []byte, keys *Keys) error { return r.parse(raw, keys) }
