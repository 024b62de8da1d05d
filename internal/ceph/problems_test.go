package ceph

import (
	"strings"
	"testing"
)

// A number that tells the cause gets the advice for that cause alone.
func TestANumberThatTellsTheCauseGetsThatAdvice(t *testing.T) {
	cluster, _ := withFake(nil)
	for number, words := range map[Errno]string{
		ENOTCONN:  "connection to cluster",
		ESHUTDOWN: "blocklist",
		ENOSPC:    "add OSDs",
		EDQUOT:    "quota",
	} {
		text := cluster.failed("It failed.", "", number).Error()
		told, _, _ := strings.Cut(text, "Reply: ")
		for _, cause := range []string{"connection to cluster", "blocklist", "add OSDs", "quota"} {
			if strings.Contains(told, cause) != (cause == words) {
				t.Errorf("%v: %q is told: %v in %s", number, cause, cause != words, told)
			}
		}
	}
}
