package source

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal returns a function that returns the width, in columns, of the terminal
// behind an output; nil where there is no terminal.
func terminal(out io.Writer) func() int {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return func() int {
		columns, _, err := term.GetSize(int(file.Fd()))
		if err != nil {
			return 0
		}
		return columns
	}
}
