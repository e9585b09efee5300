// Package thorough says whether tests try every case or a sample.
package thorough

import "os"

// Variable names the environment variable that makes tests try every
// case when it is "all". Without it, `go test ./...` tries a sample of the long
// tables, so that it ends within two minutes on two cores.
const Variable = "QUALTRICS_TESTS"

// Asked reports whether every case is tried.
func Asked() bool { return os.Getenv(Variable) == "all" }

// Number returns the number of all cases or the size of the whole test, or else that
// of the sample.
func Number(all, sample int) int {
	if Asked() {
		return all
	}
	return sample
}
