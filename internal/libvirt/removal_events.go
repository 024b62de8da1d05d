package libvirt

import (
	"context"
	"sync"

	rpc "github.com/digitalocean/go-libvirt"
)

// removal is what a guest answered to a request to give a device up.
type removal int

const (
	removalPending removal = iota
	removed
	removalRefused
)

// deviceRemovals hands a connection's events of removed devices to those who wait for one. libvirt takes one subscription for each
// kind of event per connection, and go-libvirt delivers the events of all domains to it.
type deviceRemovals struct {
	mu         sync.Mutex
	subscribed bool
	waiting    map[deviceKey][]chan removal
}

type deviceKey struct {
	domain rpc.UUID
	alias  string
}

// subscribe starts listening on a connection, once. The listeners end with the connection.
func (r *deviceRemovals) subscribe(client *rpc.Libvirt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.subscribed {
		return nil
	}
	for _, event := range []rpc.DomainEventID{rpc.DomainEventIDDeviceRemoved, rpc.DomainEventIDDeviceRemovalFailed} {
		events, err := client.SubscribeEvents(context.Background(), event, nil)
		if err != nil {
			return err
		}
		go func() {
			// go-libvirt's sender would wait for ever for a reader that stops.
			for event := range events {
				r.deliver(event)
			}
		}()
	}
	r.subscribed = true
	return nil
}

func (r *deviceRemovals) deliver(event any) {
	switch m := event.(type) {
	case *rpc.DomainEventCallbackDeviceRemovedMsg:
		r.notify(deviceKey{m.Msg.Dom.UUID, m.Msg.DevAlias}, removed)
	case *rpc.DomainEventCallbackDeviceRemovalFailedMsg:
		r.notify(deviceKey{m.Dom.UUID, m.DevAlias}, removalRefused)
	}
}

func (r *deviceRemovals) notify(key deviceKey, what removal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.waiting[key] {
		select {
		case c <- what:
		default: // The receiver has an event that it hasn't read yet, and reads the definition after it.
		}
	}
}

// wait registers for the answers about one device until stop is called.
func (r *deviceRemovals) wait(domain rpc.UUID, alias string) (answers <-chan removal, stop func()) {
	key := deviceKey{domain, alias}
	c := make(chan removal, 4)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = map[deviceKey][]chan removal{}
	}
	r.waiting[key] = append(r.waiting[key], c)
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, other := range r.waiting[key] {
			if other == c {
				r.waiting[key] = append(r.waiting[key][:i:i], r.waiting[key][i+1:]...)
				break
			}
		}
		if len(r.waiting[key]) == 0 {
			delete(r.waiting, key)
		}
	}
}
