package failures

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// JSON words a decoding error; it never quotes the input, which may
// hold secrets.
func JSON(err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("a mistake at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF):
		return "it is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	default:
		return "it cannot be decoded"
	}
}
