// Command tap-qualtrics is the Singer tap of source-qualtrics.
package main

import (
	"os"

	"github.com/birdie-ai/source-qualtrics/cmd/internal/process"
)

func main() { process.Run(append([]string{"tap"}, os.Args[1:]...)) }
