package response

import (
	"bytes"

	"github.com/zeebo/xxh3"

	"github.com/birdie-ai/source-qualtrics/source/frame"
	"github.com/birdie-ai/source-qualtrics/source/jsonsafe"
	"github.com/birdie-ai/source-qualtrics/source/privacy"
)

// public applies the privacy settings to a value. It returns the value or its hash, and false if
// the value is left out.
func (r *Response) public(k *key, isMetadata bool, value []byte, keys *Keys) ([]byte, bool) {
	if !r.private {
		return value, true
	}
	treatment := k.private
	if isMetadata != (k.metadata != noMetadata) { // the name of the modified date, in an export without one
		treatment = keys.Privacy.Value(k.name, isMetadata)
	}
	switch treatment {
	case privacy.LeaveOut:
		r.LeftOut++
		return nil, false
	case privacy.Hash:
		return keys.Privacy.HashValue(k.name, isMetadata, value), true
	default:
		return value, true
	}
}

// publicFields returns the elements of displayedFields that no privacy setting leaves out.
func (k *Keys) publicFields(array []byte) []byte {
	kept := [][]byte{}
	frame.ValidElements(array, func(element []byte) {
		name, ok := frame.String(element)
		if ok && k.find([]byte(name)).private == privacy.Keep {
			kept = append(kept, element)
		}
	})
	return append(append([]byte{'['}, bytes.Join(kept, []byte{','})...), ']')
}

// parseDisplayed reads the fields that were displayed, and the codes that were offered.
func (r *Response) parseDisplayed(fields, offered *frame.Member, keys *Keys) {
	if fields != nil {
		r.DisplayedFields = fields.Value
		if r.private {
			r.DisplayedFields = keys.publicFields(fields.Value)
		}
		frame.ValidElements(r.DisplayedFields, func(field []byte) { r.sum += hashOf(partDisplayedField, 0, field) })
	}
	if offered != nil {
		r.DisplayedValues = offered.Value
		kept, members := column{}, r.object.Of(offered)
		for i := range members {
			m := &members[i]
			if r.private {
				if keys.find(m.Name).private != privacy.Keep {
					continue
				}
				kept.add(r.object, m)
			}
			r.sum += hashOf(partDisplayedValues, xxh3.Hash(m.Name), m.Value)
		}
		if r.private {
			r.DisplayedValues = kept.end(r.object)
		}
	}
}

// canonicalParts is [Response.Canonical] of the delivered values. Otherwise a hash in a state would
// confirm a guess of a value that was left out.
func (r *Response) canonicalParts(dst []byte) (_ []byte, err error) {
	parts := append([][]byte{jsonsafe.AppendString(nil, r.ID)}, r.Metadata[:]...)
	parts = append(parts, r.Answers, r.EmbeddedData, r.Labels, r.StatusLabel, r.DisplayedValues)
	for _, part := range parts {
		if len(part) == 0 {
			part = []byte("null")
		}
		if dst, err = frame.Canonical(dst, part); err != nil {
			return dst, err
		}
	}
	if len(r.DisplayedFields) == 0 {
		return append(dst, "null"...), nil
	}
	return appendSorted(dst, r.DisplayedFields)
}
