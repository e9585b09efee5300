package sandbox

import (
	"maps"
	"strconv"
	"sync"
)

// counts are the answers given, by endpoint and status.
type counts struct {
	lock    sync.Mutex
	answers map[string]map[string]int
}

func newCounts() *counts { return &counts{answers: make(map[string]map[string]int)} }

// add counts an answer; status 0 means that there was none.
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
