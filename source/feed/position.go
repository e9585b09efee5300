package feed

import (
	"errors"
	"fmt"
)

// firstSecond is of the year 1, the zero time.
const firstSecond = -62135596800

// plausible finds dates that no date can name, and ids that nothing has: no
// release wrote them, and a run that followed them would end as a bug.
func plausible(seconds []int64, ids ...map[string]int64) error {
	for _, at := range seconds {
		if at < firstSecond || at > lastSecond {
			return fmt.Errorf("%d is no date in epoch seconds", at)
		}
	}
	for _, known := range ids {
		if _, ok := known[""]; ok {
			return errors.New("one of its ids is empty")
		}
	}
	return nil
}

func (p *responsePosition) plausible() error {
	if p.Watermark < 0 || p.Loading && p.Watermark == 0 {
		return errors.New("its first load has no beginning")
	}
	seconds := []int64{p.Watermark, p.Floor, p.Resynced, p.Changed}
	if s := p.Swept; s != nil {
		seconds = append(seconds, s.At, s.First)
	}
	l := p.Ledger
	if l == nil {
		return plausible(seconds)
	}
	seconds = append(seconds, l.SealedAt, l.Floor, l.Since, l.Newest)
	for _, at := range l.Delivered {
		seconds = append(seconds, at/1000)
	}
	for _, at := range l.Absent {
		if anew(at) <= mostAnew {
			at = moment(at)
		}
		seconds = append(seconds, at)
	}
	intended := make(map[string]int64, len(l.Intended))
	for _, id := range l.Intended {
		intended[id] = 0
	}
	return plausible(seconds, l.Delivered, l.Absent, intended)
}

func (p *contactPosition) plausible() error {
	if p.Watermark < 0 || p.SweepThrough < 0 {
		return errors.New("it lies before every contact")
	}
	return plausible([]int64{p.Watermark, p.SweepStart, p.SweepThrough, p.Swept, p.Listed})
}

func (p *listPosition) plausible() error {
	if _, ok := p.Surveys[""]; ok {
		return errors.New("one of its ids is empty")
	}
	return plausible([]int64{p.Newest})
}
