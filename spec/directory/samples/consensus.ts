/** A microdesc consensus that three authorities signed, from a private network of tor 0.4.9.11. */
export const CONSENSUS: string = `network-status-version 3 microdesc
vote-status consensus
consensus-method 35
valid-after 2026-11-22 14:42:33
fresh-until 2026-11-22 14:42:43
valid-until 2026-11-22 16:12:33
voting-delay 2 2
client-versions 0.4.8.1,0.4.9.11
server-versions 0.4.9.11
known-flags Authority BadExit Exit Fast Guard HSDir MiddleOnly NoEdConsensus Running Stable StaleDesc Sybil V2Dir Valid
recommended-client-protocols Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4 HSRend=2 Link=4-5 Microdesc=2 Relay=2-4
recommended-relay-protocols Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4
required-client-protocols Cons=2 Desc=2 FlowCtrl=1 Link=4 Microdesc=2 Relay=2
required-relay-protocols Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=2 Link=4-5 LinkAuth=3 Microdesc=2 Relay=2-4
params AuthDirMaxServersPerAddr=0 CircuitPriorityHalflifeMsec=30000 bwweightscale=10000 cc_alg=2 cc_sendme_inc=31 cfx_enabled=1 circwindow=1000 hsdir_n_replicas=2
shared-rand-previous-value 3 6WVYWeS073UNlK50srCwvmmhxWGnvXZmxoneOD6VY7U=
shared-rand-current-value 3 szmhdGm2WCjmy1KJ0CU/bbVZyb+3xkNSIPprtA2uPng=
dir-source auth2 6C8C3CBF68A406FEE0A959F6301A8E009A5F7646 127.0.0.1 127.0.0.1 31102 31002
contact testnet@localhost.invalid
vote-digest 69AD71D2E49380FC0B32AF3A03C38716FB842A54
dir-source auth1 A8DDC9360520F6677EB76E9CE587DC2DE36C71B7 127.0.0.1 127.0.0.1 31101 31001
contact testnet@localhost.invalid
vote-digest A9F2DE5E2AC6E6506393FACFCDA42D8F6138EED6
dir-source auth0 C140CA7CBE45857283EC3D8880A8F4B2E74B72C7 127.0.0.1 127.0.0.1 31100 31000
contact testnet@localhost.invalid
vote-digest 641E332AE27A9184973A7D52D73D5202A73C5E7B
r relay0 EcyGB8n9MmZihBOSZ4iEHLVojqc 2038-01-01 00:00:00 127.0.0.1 31200 0
m DhOamcXdKEtMLGqtdt8dezc8lzOUejzzSPqcQP9BPGs
s Exit Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=0 Unmeasured=1
r relay6 GgObTI97/ZDyT8z6w6DdOO21UOI 2038-01-01 00:00:00 127.0.0.1 31206 0
m kwDlEjFB7azCemXUFynciw4xfk3uJ0j9VmXaYhBeePM
s BadExit Fast MiddleOnly Running Stable Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=2 Unmeasured=1
r auth2 L+GMoFdw9HIyXhxG6fy9zMFijGI 2038-01-01 00:00:00 127.0.0.1 31002 31102
m 6+PQAFVMUf24l4ephzNOKESrjr7+BJE+XMMx09KUhfE
s Authority Fast Running Stable V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=12 Unmeasured=1
r auth0 OPdP3KmttrkeQbxHK86nAclvIMc 2038-01-01 00:00:00 127.0.0.1 31000 31100
m o2kHIcXvlCLTEP6EM/HF2fp8MrvD8w7USjVLr2tXD+g
s Authority Fast Guard Running V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=13 Unmeasured=1
r relay2 SzHkmhYIMEWOeYUSjdmEa+0LV2I 2038-01-01 00:00:00 127.0.0.1 31202 0
m B+UD4LBiIFWDFv3TyTMRGDx4i2m202b7j2lK5gIqg2g
s BadExit Exit Fast Running Stable V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=2 Unmeasured=1
r relay4 ZJM5zE0lFK4++3UscntVQpteswg 2038-01-01 00:00:00 127.0.0.1 31204 0
m rB6MeAWlrUY4JG9J1vWp5vn8fEj4f6HRdvIo7clRANM
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=0 Unmeasured=1
r auth1 aF+2wVhCv98kq24cUTEWIkTiuAI 2038-01-01 00:00:00 127.0.0.1 31001 31101
m hd0abYOLPJ3p+jbs2dwmMRDjta1lxLX72rheglLmchI
s Authority Fast HSDir Running V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=13 Unmeasured=1
r relay5 fJOzDslJ93NuUIdDBKVwy4u2WZc 2038-01-01 00:00:00 127.0.0.1 31205 0
m YppMzRIkkcX765QB5Pm0iKcTVn0csGjwBVlp2MCfVX0
s Fast Running Stable Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=3 Unmeasured=1
r relay1 rJAGl3BKcRr2Yn499DjvJKKp5fQ 2038-01-01 00:00:00 127.0.0.1 31201 0
m pAUaN7YT2x1TThwzINpibXWlBp2okrYRrGhRYsIEuvc
s Exit Fast Guard Running V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=0 Unmeasured=1
r relay3 81JqF7pdicGUe0Ac8lGFVD4zcBE 2038-01-01 00:00:00 127.0.0.1 31203 0
m Nru1M7BpDTi9Mn9QcsEWarirpNUdLC8ruB9teO2meKA
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.9.11
pr Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6
w Bandwidth=0 Unmeasured=1
directory-footer
bandwidth-weights Wbd=0 Wbe=0 Wbg=0 Wbm=10000 Wdb=10000 Web=10000 Wed=10000 Wee=10000 Weg=10000 Wem=10000 Wgb=10000 Wgd=0 Wgg=10000 Wgm=10000 Wmb=10000 Wmd=0 Wme=0 Wmg=0 Wmm=10000
directory-signature sha256 6C8C3CBF68A406FEE0A959F6301A8E009A5F7646 D16AB09342E202CBCCD42E74A42D833036364692
-----BEGIN SIGNATURE-----
Px/y0Bjr3cTcpZeLoRGOWnVV+8Qh4Z2I0TpZGVpZyaq29RKcvxfl4N/UkiB/shJu
tp//olau9yf5AqEu+QlOKsrqZ+XI3/5kplSipc5j5xUmlzsK3zdJzBgGAk6JX+n7
IaiJrf+C+4NRHQiqLsfv7nPuPD3Lyn6TNbrdwYXyN6l8HfHIQbeX+/wam3EZ7/eo
PHYGXrQ8yP9QONO0CL03Df9n6zpE/icPQzih+SI6dexhIuaRIYODbBgKVJEA5pF0
1vgUe27msSifQa6JmxKnG0mLoYkXSMZ5vkfFyu4jw8B3tLAWejALrFIs1PdyviGq
Q5SEVTXU/cxeOQszlE0/Ug==
-----END SIGNATURE-----
directory-signature sha256 A8DDC9360520F6677EB76E9CE587DC2DE36C71B7 5B8032AA231E60B114CE7D6B6ABBC86653D16C8B
-----BEGIN SIGNATURE-----
iDkdfFnaDsF9HJ28Q3hy01vRgdCVE8Sd3aNbByeHrSd5sjFrssBewiPwTOH/qFLh
r3yzIZNDSARbRDkFJj1liY+w+vPOa2vE97QjlzFMs0rmUyngW5TLXbDv/Z33O95a
txQ/lajnOET58xAgAiVWdzX20j/Um1GQsnCVZuE4OZiLGNKH8Gl6/FYzwMJlM/8Z
EUpe+ZZVRbMssBAWt9z0daDkRSxnPIOOGD04FJtLAs4VtkjXoa6jbgleJey0JsvN
htTL1mIRDIpbuQELDc8FCn4GOB8dMNfzcfHxrqUNw7OQCEgE2ckyNrjhlByPShFz
gr6Uc406faAKkAYWMYAccw==
-----END SIGNATURE-----
directory-signature sha256 C140CA7CBE45857283EC3D8880A8F4B2E74B72C7 C0C03F8133335A4C2C297EBDCBC484AE76C5F8B2
-----BEGIN SIGNATURE-----
IKL9LM12YbKf6/IoZP7auJW148K4mxPMBS/WnpcUMXNRdeYmK4OEGfw+hjf7s54d
5AIwvQrm9acmg1DWV08/N+KCmeEJSH7zjyuz56ADVGnAwfUxFAROoF4D/up2eROm
NgzNUcZvnhrCgA16Aly22nGjcqNCOxcgRyhIYUfkSO+AHXXEaj4A1ImWczj+PKtA
cFzpB+yV2VacZWcKHtrOrGOSUrmM2Gs04j2ftTwzX1Ga/aqf91+WesDesHfmlL84
d89AwUlMfYk80AeEwkmcv31g8Ct4CzAZW531tv/lfPv3VhsLcXgPFG0Xy5MDBKVE
8iJU5ReY9lczhAkgIv/zQQ==
-----END SIGNATURE-----
`
