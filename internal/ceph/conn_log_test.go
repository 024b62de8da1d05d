package ceph

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
)

// Each method of a connection that asks the cluster for something writes a line, also the one that is added tomorrow.
func TestEveryCallIsLogged(t *testing.T) {
	unlogged := []string{"FSID", "Addr", "CheckConfig", "Close"} // librados knows the answers by itself
	methods := reflect.TypeFor[Conn]()
	for i := range methods.NumMethod() {
		method := methods.Method(i)
		t.Run(method.Name, func(t *testing.T) {
			sink := &expect.Log{}
			conn := loggedConn{log: calllog.New("cluster", "east", sink)}
			args := make([]reflect.Value, method.Type.NumIn())
			for j := range args {
				args[j] = reflect.Zero(method.Type.In(j))
				if method.Type.In(j) == reflect.TypeFor[context.Context]() {
					args[j] = reflect.ValueOf(t.Context())
				}
			}
			func() {
				defer func() { _ = recover() }() // there is no connection behind it
				reflect.ValueOf(conn).MethodByName(method.Name).Call(args)
			}()
			lines := append(sink.Changes(), sink.Reads()...)
			if logged := len(lines) == 1; logged == slices.Contains(unlogged, method.Name) {
				t.Errorf("it wrote %q", lines)
			}
		})
	}
}

// A command is told by its prefix and what it is about; nothing else of it, and nothing of its input, is ever told.
func TestCommandsAreLoggedWithoutKeys(t *testing.T) {
	const key = "AQBbVQNrrmrbAxAA8l0oxoset90Fhg1f7I61sw=="
	for text, line := range map[string]string{
		`{"prefix":"osd pool create","pool":"vms","pg_num":8}`:                             "osd pool create pool=vms (",
		`{"prefix":"osd pool set","pool":"vms","var":"size","val":"2"}`:                    "osd pool set pool=vms variable=size value=2 (",
		`{"prefix":"osd pool set-quota","pool":"v","field":"quota","val":"1"}`:             "osd pool set-quota pool=v variable=quota value=1",
		`{"prefix":"osd pool rename","srcpool":"a","destpool":"b"}`:                        "osd pool rename pool=a new_name=b (",
		`{"prefix":"osd pool application enable","pool":"vms","app":"rbd"}`:                "osd pool application enable pool=vms variable=rbd (",
		`{"prefix":"osd crush rule rename","srcname":"ec","dstname":"coded"}`:              "osd crush rule rename rule=ec new_name=coded (",
		`{"prefix":"osd crush rule rm","name":"ec"}`:                                       "osd crush rule rm rule=ec (",
		`{"prefix":"auth get-or-create","entity":"client.a","caps":["mon","profile rbd"]}`: "auth get-or-create entity=client.a (",
		`{"prefix":"auth import","entity":"client.a","key":"KEY"}`:                         "auth import entity=client.a (",
		`{"prefix":"config-key set","key":"KEY","val":"KEY"}`:                              "config-key set (",
		`{"prefix":"something new","name":"KEY","value":"KEY","val":"KEY"}`:                "something new (",
		`{"prefix":7}`: "(a command) (",
	} {
		text = strings.ReplaceAll(text, "KEY", key)
		sink := &expect.Log{}
		conn := loggedConn{echoing{}, calllog.New("cluster", "east", sink)}
		_, _, _ = conn.MonCommand(t.Context(), []byte(text), []byte(key))
		want := "cluster east: " + line
		got := strings.Join(append(sink.Changes(), sink.Reads()...), "\n")
		if !strings.HasPrefix(got, want) || strings.Contains(got, key) || !strings.Contains(got, "EPERM") {
			t.Errorf("%s: got %q, want %s…", text, got, want)
		}
	}
}

// echoing refuses each command with a status that holds what it was sent.
type echoing struct{ Conn }

func (echoing) MonCommand(_ context.Context, command, input []byte) ([]byte, string, error) {
	return nil, string(command) + string(input), EPERM
}

// Reads are told apart from changes by the last word of the command.
func TestReadsAndChanges(t *testing.T) {
	for prefix, reads := range map[string]bool{
		"osd pool ls": true, "auth get": true, "mon dump": true, "df": true, "sessions": true, "osd erasure-code-profile get": true,
		"osd pool set": false, "auth get-or-create": false, "auth rm": false, "auth rotate": false, "osd pool application enable": false,
	} {
		if onlyReads(prefix) != reads {
			t.Errorf("%s: onlyReads is %v", prefix, !reads)
		}
	}
}
