module fairlead.dev/bench/router_cpu

go 1.26
