package feed

// NoticePrivacy says once in a run that the privacy settings are not those of the run before.
func (e *Env) NoticePrivacy() {
	e.privacyOnce.Do(func() {
		e.Log.Warn("the privacy settings differ from those of earlier runs: rows that were delivered before stay as they are. " +
			"surveys.resync reads a survey again, and contacts are read again within a week. Older versions of rows have to be deleted in the destination")
	})
}
