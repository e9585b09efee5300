package sandbox

import (
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// counts holds the numbers of answers, by endpoint and status.
type counts struct {
	lock    sync.Mutex
	answers map[string]map[string]int
	shapes  map[string]bool
}

// mostShapes is the largest number of unknown paths with a count of their own.
const mostShapes = 200

// idSegment matches path segments that are ids: SV_… and the like, UUIDs, numbers,
// e-mail addresses, and long runs of letters and digits.
var idSegment = regexp.MustCompile(`^([A-Za-z]+_[0-9A-Za-z]{6,}|[0-9a-fA-F-]{32,}.*|[0-9]+|.*@.*|[0-9A-Za-z_=-]{25,}|QID[0-9]+)$`)

// shape returns an unknown path with {id} in place of ids, and without the
// prefix of the API. It returns "" after mostShapes different shapes.
func (c *counts) shape(path string) string {
	path, _ = strings.CutPrefix(path, strings.TrimSuffix(apiPrefix, "/"))
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i, segment := range segments {
		if idSegment.MatchString(segment) {
			segments[i] = "{id}"
		}
	}
	shape := " " + shorten(strings.Join(segments, "/"), 120)
	c.lock.Lock()
	defer c.lock.Unlock()
	if !c.shapes[shape] && len(c.shapes) >= mostShapes {
		return ""
	}
	c.shapes[shape] = true
	return shape
}

func newCounts() *counts {
	return &counts{answers: make(map[string]map[string]int), shapes: make(map[string]bool)}
}

// add counts an answer. Status 0 means a connection without an answer.
func (c *counts) add(endpoint string, status int) {
	name := "reset"
	if status != 0 {
		name = strconv.Itoa(status)
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.answers[endpoint] == nil {
		c.answers[endpoint] = make(map[string]int)
	}
	c.answers[endpoint][name]++
}

func (c *counts) copy() map[string]map[string]int {
	c.lock.Lock()
	defer c.lock.Unlock()
	out := make(map[string]map[string]int, len(c.answers))
	for endpoint, statuses := range c.answers {
		out[endpoint] = maps.Clone(statuses)
	}
	return out
}
