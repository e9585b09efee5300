package stream

import (
	"github.com/birdie-ai/source-qualtrics/source/feed"
	"github.com/birdie-ai/source-qualtrics/source/record"
)

// Projector projects the documents of one partition into rows of a stream that fit a
// format. It uses the memory of the rows again.
type Projector struct {
	stream *Stream
	format record.Format
	buffer *record.Buffer
}

// Projector returns a new projector.
func (s *Stream) Projector(format record.Format) *Projector {
	return &Projector{s, format, record.NewBuffer(s.table)}
}

// Rows projects a document into rows. They are valid until the next call.
func (p *Projector) Rows(doc *feed.Document) ([]record.Row, error) {
	p.buffer.Reset()
	project := p.stream.Project
	if len(p.stream.Parent) > 0 {
		project = p.replacing
	}
	if err := project(doc, p.add(doc)); err != nil {
		return nil, err
	}
	return p.buffer.Rows(), nil
}

// add adds the row of a record.
func (p *Projector) add(doc *feed.Document) Emit {
	parent := p.stream.parentOf(doc)
	return func(rec any, changes ...record.Change) error {
		row, err := p.buffer.Add(rec, changes...)
		if err != nil {
			return err
		}
		if parent != nil {
			if err := p.stream.checkPart(doc, *row, parent); err != nil {
				return err
			}
		}
		row.Safe = p.stream.Safe
		*row = row.Fit(p.format)
		return nil
	}
}

// replacing makes rows that take the place of all earlier rows of a document: those of the
// projection, or else the marker.
func (p *Projector) replacing(doc *feed.Document, emit Emit) error {
	s := p.stream
	if doc.DeletedAt.IsZero() {
		if err := s.Project(doc, emit); err != nil {
			return err
		}
		for _, row := range p.buffer.Rows() {
			if s.marks(row) {
				return s.invariant(doc, "the projection made a marker")
			}
		}
	}
	if len(p.buffer.Rows()) == 0 {
		if err := s.Marker(doc, emit); err != nil {
			return err
		}
		if rows := p.buffer.Rows(); len(rows) != 1 || !s.marks(rows[0]) {
			return s.invariant(doc, "the marker is not one row with the key of a marker")
		}
	}
	return s.checkParts(doc, p.buffer.Rows())
}
