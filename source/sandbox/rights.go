package sandbox

// Right is an area of the API. Without the right to it, the account gets a
// refusal to every call, with any scopes.
type Right string

// The rights that an account can lack.
const (
	RightUsers        Right = "users"         // users need administration rights (*documented*, API §6)
	RightMailingLists Right = "mailing_lists" // mailing lists and their members
)

// Rights lists the rights that an account can lack.
func Rights() []Right { return []Right{RightUsers, RightMailingLists} }

// WithdrawRight removes a right from the account. Every call to the area is
// refused, and the truth excludes its objects. Nothing is deleted.
func (s *Sandbox) WithdrawRight(right Right) { s.setLacking(right, true) }

// RestoreRight undoes WithdrawRight.
func (s *Sandbox) RestoreRight(right Right) { s.setLacking(right, false) }

func (s *Sandbox) setLacking(right Right, lacking bool) {
	s.world.mutex.Lock()
	defer s.world.mutex.Unlock()
	s.world.lacking[right] = lacking
}

func (w *world) lacks(right Right) bool {
	w.mutex.RLock()
	defer w.mutex.RUnlock()
	return w.lacking[right]
}

// guarded refuses an account without the right. The status is *assumed* to be
// Doubt.MissingRightCode, by default 403. The code is *assumed*.
func (s *Sandbox) guarded(right Right, handle func(*exchange) (any, error)) func(*exchange) (any, error) {
	return func(x *exchange) (any, error) {
		if s.world.lacks(right) {
			return nil, &apiError{status: s.options.Doubt.MissingRightCode, code: "QMST_2.1", message: "The operation is forbidden."}
		}
		return handle(x)
	}
}
