package main

const oneType = "The Ceph 16.2 of these tests makes and takes keys of type aes only. What others do is tested on their recorded replies."

func init() {
	for reason, marks := range map[string][]string{
		ours: {
			"ceph_user key_generation imported", "ceph_user key_generation drifted", "ceph_user rotate_in_use imported",
			"ceph_user rotate_in_use drifted",
		},
		noKeyRead: {"ceph_user key_wo imported", "ceph_user key_wo_version imported"},
		oneType:   {"ceph_user key_type changed", "ceph_user key_type drifted"},
	} {
		for _, mark := range marks {
			explained[mark] = reason
		}
	}
}
