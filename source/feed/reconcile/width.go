package reconcile

import "time"

// MaxGrowth limits the factor by which a window is wider or narrower than the one before.
const MaxGrowth = 4.0

// AdaptWidth scales the width of a window that had some rows, so that the next one has about the
// wanted number. The factor is between 1/most and most; the width is in whole seconds, at least
// [ShortestWindow].
func AdaptWidth(width time.Duration, rows, wanted int64, most float64) time.Duration {
	factor := min(most, max(1/most, float64(wanted)/float64(max(rows, 1))))
	return max(ShortestWindow, time.Duration(float64(width)*factor).Truncate(time.Second))
}

// ShortestWindow is the shortest window. The API filters by whole seconds.
const ShortestWindow = time.Second
