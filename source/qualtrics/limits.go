package qualtrics

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits are the highest pace, number of tries, waits and file size of a client. Zero
// fields mean the default.
type Limits struct {
	RequestsPerMinute int           // over all calls; the paces of single endpoints scale with it
	ExportsPerMinute  int           // export jobs started
	Tries             int           // of one call
	RetryBudget       time.Duration // of one call, waits included
	ExportDeadline    time.Duration // of one export job
	SpoolBytes        int64         // of one download
}

// Published limits per brand and minute (API §7.2).
const (
	brandPerMinute  = 3000
	exportPerMinute = 100
)

// DefaultLimits returns 60 % of Qualtrics' published limits, because a brand shares its
// limits among all its integrations.
func DefaultLimits() Limits {
	return Limits{
		RequestsPerMinute: brandPerMinute * 6 / 10,
		ExportsPerMinute:  exportPerMinute * 6 / 10,
		Tries:             8,
		RetryBudget:       15 * time.Minute,
		ExportDeadline:    2 * time.Hour,
		SpoolBytes:        4 << 30,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.RequestsPerMinute > 0 {
		d.RequestsPerMinute = l.RequestsPerMinute
	}
	if l.ExportsPerMinute > 0 {
		d.ExportsPerMinute = l.ExportsPerMinute
	}
	if l.Tries > 0 {
		d.Tries = l.Tries
	}
	if l.RetryBudget > 0 {
		d.RetryBudget = l.RetryBudget
	}
	if l.ExportDeadline > 0 {
		d.ExportDeadline = l.ExportDeadline
	}
	if l.SpoolBytes > 0 {
		d.SpoolBytes = l.SpoolBytes
	}
	return d
}

// pacer spaces the calls of one endpoint. It slows down after a 429, and recovers
// little by little.
type pacer struct {
	limiter *rate.Limiter
	nominal rate.Limit

	mu      sync.Mutex
	current rate.Limit
	held    time.Time // no call starts before it
}

// pacer returns the pacer of an endpoint.
func (c *Client) pacer(to endpoint) *pacer {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pacers[to.name]
	if p == nil {
		perMinute := float64(to.perMinute) * float64(c.limits.RequestsPerMinute) / brandPerMinute
		if to.export {
			perMinute = float64(to.perMinute) * float64(c.limits.ExportsPerMinute) / exportPerMinute
		}
		nominal := rate.Limit(perMinute / 60)
		p = &pacer{limiter: rate.NewLimiter(nominal, max(1, int(nominal))), nominal: nominal, current: nominal}
		c.pacers[to.name] = p
	}
	return p
}

func (p *pacer) wait(ctx context.Context) error {
	for p.holding() > 0 {
		if err := sleep(ctx, p.holding()); err != nil {
			return err
		}
	}
	defer waited(ctx, time.Now())
	if err := p.limiter.Wait(ctx); err != nil {
		if cause := stopped(ctx); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

// hold delays all calls of the endpoint until a time, because Qualtrics answered one of
// them by 429.
func (p *pacer) hold(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.held) {
		p.held = until
	}
}

// holding returns the time for which calls are still delayed.
func (p *pacer) holding() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.held)
}

// slower halves the pace, down to a twentieth of the nominal one.
func (p *pacer) slower() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(max(p.current/2, p.nominal/20))
}

// faster raises a lowered pace by a fiftieth of the nominal one.
func (p *pacer) faster() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current < p.nominal {
		p.set(min(p.nominal, p.current+p.nominal/50))
	}
}

// set changes the pace. The burst becomes the calls of one second. The caller holds the
// lock.
func (p *pacer) set(pace rate.Limit) {
	p.current = pace
	p.limiter.SetLimit(pace)
	p.limiter.SetBurst(max(1, int(pace)))
}
