// Command source-qualtrics gets surveys, responses and contacts out of
// Qualtrics. See the README, or run it with help.
package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/birdie-ai/source-qualtrics/cmd/internal/process"
)

func main() {
	args := os.Args[1:]
	if strings.HasPrefix(filepath.Base(os.Args[0]), "tap-") {
		args = append([]string{"tap"}, args...) // linked under the name of a tap
	}
	process.Run(args)
}
