package serve

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
)

// Nothing that the context of a request holds is kept after the request, whatever it asks for: the framework would keep all of it.
func TestContextsAreLetGo(t *testing.T) {
	server := NewServer(provider.New("test", nil)())
	defer runtime.KeepAlive(server)
	var mu sync.Mutex
	kept := map[string]bool{}
	for _, of := range []reflect.Type{
		reflect.TypeFor[tfprotov6.ResourceServer](), reflect.TypeFor[tfprotov6.DataSourceServer](),
		reflect.TypeFor[tfprotov6.EphemeralResourceServer](), reflect.TypeFor[tfprotov6.FunctionServer](),
	} {
		for i := range of.NumMethod() {
			name := of.Method(i).Name
			if name == "GetFunctions" {
				continue // comes once
			}
			kept[name] = true
			ask(reflect.ValueOf(server).MethodByName(name), func() {
				mu.Lock()
				defer mu.Unlock()
				delete(kept, name)
			})
		}
	}
	for range 100 {
		runtime.GC()
		mu.Lock()
		n := len(kept)
		mu.Unlock()
		if n == 0 {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Errorf("kept after the requests %v", kept)
}

// ask makes an empty request with a context, and has gone called when nothing keeps what the context holds any more.
func ask(method reflect.Value, gone func()) {
	defer func() { _ = recover() }() // an empty request may be too little
	type key struct{}
	value := &[1 << 10]byte{}
	runtime.AddCleanup(value, func(gone func()) { gone() }, gone)
	ctx := context.WithValue(context.Background(), key{}, value)
	_ = method.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.New(method.Type().In(1).Elem())})
}

// Until its end a request has the context that it came with, and ends with that.
func TestContextOfARequest(t *testing.T) {
	type key struct{}
	parent, cancel := context.WithDeadline(context.WithValue(t.Context(), key{}, "value"), time.Now().Add(time.Hour))
	var after context.Context
	_, err := during(parent, &struct{}{}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		after = ctx
		child, end := context.WithCancel(ctx)
		defer end()
		_, has := child.Deadline()
		if child.Value(key{}) != "value" || !has || child.Err() != nil {
			t.Error("the context of the request is another one")
		}
		cancel()
		<-child.Done()
		return &struct{}{}, child.Err()
	})
	if err == nil || after.Err() == nil || after.Value(key{}) != nil {
		t.Errorf("afterwards: %v, %v, %v", err, after.Err(), after.Value(key{}))
	}
}
