package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Decode decodes a file with one JSON value of a user or platform, and refuses text
// after it. The error describes the mistake without Go's terms.
func Decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if err := decoder.Decode(into); err != nil {
		var syntax *json.SyntaxError
		var typed *json.UnmarshalTypeError
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("it is empty")
		case errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("it is not valid JSON: it ends too early")
		case errors.As(err, &syntax):
			return fmt.Errorf("it is not valid JSON: a mistake at byte %d", syntax.Offset)
		case errors.As(err, &typed):
			return fmt.Errorf("%s cannot be a JSON %s (byte %d)", place(typed.Field), typed.Value, typed.Offset)
		}
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("it is not valid JSON: something follows its end")
	}
	return nil
}

func place(field string) string {
	if field == "" {
		return "it"
	}
	return "its " + field
}
