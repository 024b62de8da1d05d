package ceph

import (
	"testing"
)

func TestReplyWithBareNumbers(t *testing.T) {
	var reply struct {
		A *float64
		B string
		C []float64
	}
	if err := decodeReply([]byte(`{"a":inf,"b":"inf \" nan","c":[-nan,1]}`), &reply); err != nil {
		t.Fatal(err)
	}
	if reply.A != nil || reply.B != `inf " nan` || len(reply.C) != 2 || reply.C[1] != 1 {
		t.Errorf("%+v", reply)
	}
	if err := decodeReply([]byte(`{"key":"AQ`), &reply); err == nil {
		t.Error("half a reply was accepted")
	}
}
