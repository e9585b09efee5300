package responses

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/qualtrics"
	"github.com/birdie-ai/source-qualtrics/source/response"
)

// The survey and its response schema say of each name of a value whether it belongs to the
// answers or to the embedded data. Where neither says anything, the form of the name
// decides. The position keeps sums of the names that are exceptions from
// their form. When these sums change, delivered rows may have values in another
// column than new ones: the survey is then read again from its beginning.

// naming records how the names of the delivered rows were classified.
type naming struct {
	Definition uint32 // sum of the exceptions of the survey itself
	Schema     uint32 // and of those that only its response schema has
	Asked      bool   // there were names that the survey itself did not know
}

func (n naming) sum() uint32 { return n.Definition + n.Schema }

// MarshalText writes the sums as base64 of 4, 5 or 8 bytes, because a state may hold thousands
// of surveys. 5 bytes mean that the response schema was read and has no exceptions.
func (n naming) MarshalText() ([]byte, error) {
	raw := binary.BigEndian.AppendUint32(nil, n.Definition)
	switch {
	case n.Schema != 0:
		raw = binary.BigEndian.AppendUint32(raw, n.Schema)
	case n.Asked:
		raw = append(raw, 0)
	}
	return base64.RawStdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads the text of MarshalText.
func (n *naming) UnmarshalText(text []byte) error {
	raw, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw) != 4 && len(raw) != 5 && len(raw) != 8 {
		return errors.New("its sums of names are not base64 of 4, 5 or 8 bytes")
	}
	*n = naming{Definition: binary.BigEndian.Uint32(raw), Asked: len(raw) > 4}
	if len(raw) == 8 {
		n.Schema = binary.BigEndian.Uint32(raw[4:])
	}
	return nil
}

// classifier separates the answers of a response from its embedded data.
type classifier struct {
	*scope
	facts     *factReader
	keys      *response.Keys
	detail    qualtrics.SurveyDetail // definition of the survey
	defined   bool                   // the definition could be read
	delivered bool                   // earlier runs delivered rows
	renamed   bool                   // the definition classifies its names differently than before
}

// newKeys returns the names of the survey's values.
func (c *classifier) newKeys(ctx context.Context) *response.Keys {
	return response.NewKeys(c.detail.EmbeddedData, c.detail.QuestionIDs, func() (map[string]string, error) { return c.dataTypes(ctx) })
}

// errRenamed means that delivered rows may have values in other columns than new ones.
var errRenamed = errors.New("the meaning of names in the survey has changed")

// compareNames compares the definition's classification of names with the position's.
func (c *classifier) compareNames() {
	c.delivered = c.position.Watermark != 0 || c.position.LeftOut != ""
	definition, _ := c.keys.Exceptions(nil)
	before := c.position.Names
	switch {
	case !c.defined:
	case c.delivered && before != nil && before.Definition != definition:
		c.renamed = true // the response schema may say that nothing has moved
	case !c.delivered:
		c.position.Names = &naming{Definition: definition}
	case before == nil && definition != 0:
		c.position.Names = &naming{Definition: definition}
	}
	if now := c.position.Names; now != nil && *now == (naming{}) {
		c.position.Names = nil
	}
}

// dataTypes returns the data types of the response schema, after comparing its exceptions
// with those of the position. A schema that is refused for good counts as one without
// exceptions. If the schema had some before, or cannot be read at the moment, the survey is
// left to a later run.
func (c *classifier) dataTypes(ctx context.Context) (map[string]string, error) {
	var before naming
	if c.position.Names != nil && c.delivered {
		before = *c.position.Names
	}
	schema, err := c.facts.schema(ctx)
	switch {
	case err == nil:
	case !qualtrics.IsPermanent(err), ctx.Err() != nil:
		return nil, c.unfinishedError(err, "its response schema, which says what the names of its values mean, cannot be read")
	case before.Schema != 0, before.Definition != 0 && !c.defined:
		if qualtrics.IsNotFound(err) && c.defined {
			// The survey itself was found a moment ago: it may be deleted by now.
			if _, again := c.env.Client.Survey(ctx, c.survey); qualtrics.IsNotFound(again) {
				return nil, again
			}
		}
		// The error is not wrapped: a refused schema says nothing about the export.
		return nil, &feed.UnfinishedError{
			Survey: c.survey, Reason: "its response schema, which said what the names of its values mean, is refused now: " + err.Error(),
			Remedy: "allow the account to read the survey and its response schema again, or reset the stream",
		}
	default:
		c.env.Log.Warn("the response schema is refused: names that the survey does not define count by their form", "survey", c.survey, "error", err)
	}
	types := make(map[string]string, len(schema))
	for key, property := range schema {
		types[key] = property.DataType
	}
	now := naming{Asked: true}
	now.Definition, now.Schema = c.keys.Exceptions(types)
	// The schema is comparable only if it classified names in an earlier run.
	if comparable := before.Asked || before.Definition != 0 && (c.renamed || !c.defined); comparable && before.sum() != now.sum() {
		return nil, errRenamed
	}
	c.position.Names, c.renamed = &now, false
	return types, nil
}
