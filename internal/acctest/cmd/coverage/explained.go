package main

import "github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/coverage"

// explained are the marks that no witness can give, each with its reason.
var explained = coverage.Explained{}
