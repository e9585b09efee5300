//go:build !clients

package integration_tests_test

import "testing"

func TestClient_RealClientsReadTheTruth(t *testing.T) {
	t.Skip("real clients are behind -tags clients: go test -tags clients ./integration_tests -run TestClient -v")
}
