package response

import (
	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
)

// column is a JSON object that is made of members of a record. Members that follow each
// other in the record are copied at once.
type column struct {
	dst         []byte
	first, last *frame.Member // not copied yet; nil: none
}

func (c *column) add(object *frame.Object, m *frame.Member) {
	if c.last != nil && m.Follows(c.last) {
		c.last = m
		return
	}
	c.copy(object)
	c.first, c.last = m, m
}

// addAs adds a member with another name.
func (c *column) addAs(object *frame.Object, name string, value []byte) {
	c.copy(object)
	c.separate()
	c.dst = append(append(jsonsafe.AppendString(c.dst, name), ':'), value...)
}

func (c *column) copy(object *frame.Object) {
	if c.last == nil {
		return
	}
	c.separate()
	c.dst = append(c.dst, object.Run(c.first, c.last)...)
	c.first, c.last = nil, nil
}

func (c *column) separate() {
	if len(c.dst) == 0 {
		c.dst = append(c.dst, '{')
	} else {
		c.dst = append(c.dst, ',')
	}
}

// end returns the object.
func (c *column) end(object *frame.Object) []byte {
	c.copy(object)
	if len(c.dst) == 0 {
		c.dst = append(c.dst, '{')
	}
	return append(c.dst, '}')
}
