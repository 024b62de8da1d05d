package main

import (
	"context"
	"encoding/json"
)

// entity is the user that the provider connects as, and nobody else.
const entity = "client.bench"

// sessions is how many sessions with the monitor the provider has at most while it refreshes many objects.
func (w *workspace) sessions(ctx context.Context) (int, error) {
	done := make(chan error, 1)
	go func() {
		_, err := w.run(ctx, many, "plan")
		done <- err
	}()
	most := 0
	for {
		select {
		case err := <-done:
			return most, err
		default:
		}
		reply, err := w.cluster.Ceph(ctx, "tell", "mon.a", "sessions", "--format", "json")
		if err != nil {
			return 0, err
		}
		var sessions []struct {
			Entity string `json:"entity_name"`
		}
		if err := json.Unmarshal(reply, &sessions); err != nil {
			return 0, err
		}
		count := 0
		for _, s := range sessions {
			if s.Entity == entity {
				count++
			}
		}
		most = max(most, count)
	}
}
