package main

import "github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/coverage"

// explained are the marks that no test can show, each with its reason.
var explained = coverage.Explained{}
