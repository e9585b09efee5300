package airbyte

import (
	"encoding/json"
	"fmt"

	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// protocolVersion is the version of the message protocol, not of its package.
const protocolVersion = "0.2.0"

// Spec writes the answer to spec: the JSON Schema of the configuration and the URL
// of its documentation.
func (w *Writer) Spec(specification []byte, documentationURL string) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	w.line = append(w.line[:0], `{"type":"SPEC","spec":{"protocol_version":"`+protocolVersion+`","documentationUrl":`...)
	w.line = jsonsafe.AppendString(w.line, documentationURL)
	w.line = append(w.line, `,"connectionSpecification":`...)
	var err error
	if w.line, err = jsonsafe.AppendObject(w.line, specification); err != nil {
		return fmt.Errorf("writing the specification: %w", err)
	}
	w.line = append(w.line, `}}`...)
	return w.write(urgent)
}

// ConnectionStatus writes the answer to check; the message is for the user.
func (w *Writer) ConnectionStatus(ok bool, message string) error {
	status := "FAILED"
	if ok {
		status = "SUCCEEDED"
	}
	w.lines.Lock()
	defer w.lines.Unlock()
	w.line = append(w.line[:0], `{"type":"CONNECTION_STATUS","connectionStatus":{"status":"`+status+`"`...)
	if message != "" {
		w.line = append(w.line, `,"message":`...)
		w.line = jsonsafe.AppendString(w.line, cut(message, maxMessage))
	}
	w.line = append(w.line, `}}`...)
	return w.write(urgent)
}

// CatalogStream is a stream in the answer to discover.
type CatalogStream struct {
	Name   string
	Schema json.RawMessage // JSON Schema of a record, compact
	Key    []string        // column names of the primary key
	Cursor string          // column name; "" means full refresh only
}

// Catalog writes the answer to discover.
func (w *Writer) Catalog(streams []CatalogStream) error {
	w.lines.Lock()
	defer w.lines.Unlock()
	w.line = append(w.line[:0], `{"type":"CATALOG","catalog":{"streams":[`...)
	for i, s := range streams {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		w.line = append(w.line, `{"name":`...)
		w.line = jsonsafe.AppendString(w.line, s.Name)
		w.line = append(w.line, `,"json_schema":`...)
		var err error
		if w.line, err = jsonsafe.AppendObject(w.line, s.Schema); err != nil {
			return fmt.Errorf("writing the catalog: the schema of %s: %w", s.Name, err)
		}
		w.line = append(w.line, `,"supported_sync_modes":["full_refresh"`...)
		if s.Cursor != "" {
			w.line = append(w.line, `,"incremental"],"source_defined_cursor":true,"default_cursor_field":[`...)
			w.line = jsonsafe.AppendString(w.line, s.Cursor)
		}
		w.line = append(w.line, `],"source_defined_primary_key":[`...)
		for i, name := range s.Key {
			if i > 0 {
				w.line = append(w.line, ',')
			}
			w.line = append(w.line, '[')
			w.line = jsonsafe.AppendString(w.line, name)
			w.line = append(w.line, ']')
		}
		w.line = append(w.line, ']')
		if s.Cursor != "" {
			// The protocol allows it only with a source-defined cursor.
			w.line = append(w.line, `,"is_resumable":true`...)
		}
		w.line = append(w.line, '}')
	}
	w.line = append(w.line, `]}}`...)
	return w.write(urgent)
}
