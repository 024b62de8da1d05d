package ceph

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestUsersAreListedWithoutTheirKeys(t *testing.T) {
	aes, aes256k := madeKey(keyTypeAES, 16), madeKey(keyTypeAES256K, 32)
	cluster, conn := withFake(map[string]answer{"auth ls": {out: fmt.Sprintf(`{"auth_dump":[
		{"entity":"osd.0","key":%q,"caps":{"mon":"allow profile osd"}},
		{"entity":"client.b","key":%q,"pending_key":%q,"caps":{"mon":"allow r"}},
		{"entity":"client.a","key":%q,"caps":{}},
		{"entity":"client.c","key":"no key","caps":{}}]}`, aes, aes, aes, aes256k)}})
	users, err := cluster.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []UserEntry{
		{"a", "client.a", map[string]string{}, "aes256k", GivenKey(aes256k).Fingerprint()},
		{"b", "client.b", map[string]string{"mon": "allow r"}, "aes", GivenKey(aes).Fingerprint()},
		{"c", "client.c", map[string]string{}, "", ""},
	}
	if !reflect.DeepEqual(users, want) {
		t.Errorf("got %+v, want %+v", users, want)
	}
	if shown := fmt.Sprintf("%#v", users); strings.Contains(shown, aes) || strings.Contains(shown, aes256k) {
		t.Errorf("a key is left: %s", shown)
	}
	if n := len(conn.sent("auth ls")) + len(conn.sent("auth get")); n != 1 {
		t.Errorf("%d commands were sent", n)
	}
}
