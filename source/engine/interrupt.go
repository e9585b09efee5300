package engine

import (
	"fmt"
	"strings"

	"github.com/birdie-ai/source-qualtrics/source/record"
	"github.com/birdie-ai/source-qualtrics/source/wording"
)

// interrupted ends a run that was interrupted. Nothing goes to a consumer any
// more, but a folder of ours still takes the position of each stream. The lock is
// held.
func (e *Engine) interrupted(open []*selected, cause error) error {
	if !e.Folder {
		return cause
	}
	for _, s := range open {
		if !s.pace.dirty {
			continue
		}
		if _, err := e.sendState(s); err != nil {
			return err
		}
	}
	return cause
}

// SavedIn names the rows and positions that an interrupted export left in its folder.
func (e *Engine) SavedIn(folder string) string {
	var rows []string
	for _, s := range e.streams {
		if s.rows > 0 {
			rows = append(rows, wording.Thousands(s.rows)+" of "+s.stream.Name)
		}
	}
	if len(rows) == 0 {
		return "no rows were written yet; the same command begins again"
	}
	return fmt.Sprintf("the rows so far are in %s (%s); the position of each survey was saved%s; the same command goes on from there, and some rows may come again",
		record.OneLine(folder), strings.Join(rows, ", "), e.partsDone())
}

// SavedOutside says which states of an interrupted run went out, and how to go on
// from them.
func (e *Engine) SavedOutside(again string) string {
	var complete, begun, states []string
	for _, s := range e.streams {
		switch {
		case s.ended:
			complete = append(complete, s.stream.Name)
		case s.states > 0:
			begun = append(begun, s.stream.Name)
		}
	}
	if len(complete) > 0 {
		states = append(states, "all of "+strings.Join(complete, ", "))
	}
	if len(begun) > 0 {
		states = append(states, "a part of "+strings.Join(begun, ", ")+e.partsDone())
	}
	if len(states) == 0 {
		return NoState()
	}
	return fmt.Sprintf("states went out for %s; to go on, %s; rows after a state come again", strings.Join(states, " and for "), again)
}

// NoState says that an interrupted run left nothing for the next one.
func NoState() string { return "no state went out yet; the next run begins where this one did" }

// partsDone says how many surveys and directories were read.
func (e *Engine) partsDone() string {
	var done []string
	for _, part := range e.Progress.Now().Parts {
		done = append(done, fmt.Sprintf("%d of %d %s", part.Done, part.All, part.Name()))
	}
	if len(done) == 0 {
		return ""
	}
	return " (" + strings.Join(done, ", ") + " to the end)"
}
