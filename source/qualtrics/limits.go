package qualtrics

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bounds what a client may take. Zero fields mean the default.
type Limits struct {
	RequestsPerMinute int           // over all calls; every other pace scales with it
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

// DefaultLimits takes 60 % of what Qualtrics publishes, for a brand shares its
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

// endpoint is one kind of call with its published limit per minute (API §7.2).
type endpoint struct {
	name      string
	perMinute int
	export    bool // paced with the export jobs
}

// The endpoints that are called.
var (
	toWhoAmI      = endpoint{name: "GET /whoami", perMinute: 3000}
	toSurveys     = endpoint{name: "GET /surveys", perMinute: 3000}
	toSurvey      = endpoint{name: "GET /surveys/{id}", perMinute: 3000}
	toDefinition  = endpoint{name: "GET /survey-definitions/{id}", perMinute: 3000}
	toSchema      = endpoint{name: "GET /surveys/{id}/response-schema", perMinute: 60}
	toResponse    = endpoint{name: "GET /surveys/{id}/responses/{id}", perMinute: 240}
	toExport      = endpoint{name: "POST /surveys/{id}/export-responses", perMinute: exportPerMinute, export: true}
	toProgress    = endpoint{name: "GET /surveys/{id}/export-responses/{id}", perMinute: 1000}
	toFile        = endpoint{name: "GET /surveys/{id}/export-responses/{id}/file", perMinute: exportPerMinute, export: true}
	toDirectories = endpoint{name: "GET /directories", perMinute: 3000}
	toContacts    = endpoint{name: "GET /directories/{id}/contacts", perMinute: 3000}
	toContact     = endpoint{name: "GET /directories/{id}/contacts/{id}", perMinute: 3000}
	toSearch      = endpoint{name: "POST /directories/{id}/contacts/search", perMinute: 500}
	// everything stands for the brand's limit over all endpoints.
	everything = endpoint{name: "", perMinute: brandPerMinute}
)

// pacer spaces the calls of one endpoint. It slows down when Qualtrics says
// that there are too many, and recovers little by little.
type pacer struct {
	limiter *rate.Limiter
	nominal rate.Limit

	mu      sync.Mutex
	current rate.Limit
	held    time.Time // no call before
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

// hold lets no call go before a moment: Qualtrics asked one of them to wait.
func (p *pacer) hold(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.held) {
		p.held = until
	}
}

// holding is for how long no call may go.
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

// faster takes back a fiftieth of what slower took.
func (p *pacer) faster() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current < p.nominal {
		p.set(min(p.nominal, p.current+p.nominal/50))
	}
}

// set changes the pace, and with it how much may come at once: one second's
// worth. The lock is held.
func (p *pacer) set(pace rate.Limit) {
	p.current = pace
	p.limiter.SetLimit(pace)
	p.limiter.SetBurst(max(1, int(pace)))
}
