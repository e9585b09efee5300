//go:build unix

package integration_tests

import "testing"

// Update reports whether tests write the files that show what they have seen.
func Update() bool { return *update }

// Section is the text of a page for users below a heading.
func Section(t *testing.T, page, heading string) string {
	t.Helper()
	return section(t, page, heading)
}

// Document is the text of a page for users.
func Document(t *testing.T, page string) string {
	t.Helper()
	return document(t, page)
}

// BlocksOf are the contents of the fenced blocks of a language in a text.
func BlocksOf(t *testing.T, language, text string) []string {
	t.Helper()
	return blocksOf(t, language, text)
}

// Blocks are the fenced blocks of a page for users, in order.
func Blocks(t *testing.T, page string) []block {
	t.Helper()
	return blocks(document(t, page))
}
