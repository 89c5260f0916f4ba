"""The words that are one token each: common English, those of replies, technical ones.

Only words; the tokenizer assigns their ids.
"""

from typing import Final

_COMMON: Final = """
the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one
you were all her she there would their we him been has when who will no more if out so up said what its about than
into them can only other time new some could these two may first then do any like my now over such our man me even
most made after also did many off before must well back through years where much your way down should because long
each just those people how too little state good very make world still see own work men day get here both between
life being under three never know same last another while us might great go come since against right used take use
states himself few house during without again place around however small found without between mrs thought part
once high general upon school every does got united left number course war until always away something fact water
less public put think almost hand enough far took head yet better system set told nothing night end called eyes
find going look asked later point knew city next program business give group toward young let room within present
order second several children early case often large big need four best different given felt power whole open ask
change data line value name list type text user model question answer example following number function return
string code file result object key table test true false null write read create using based include provide help
information please here sure available language important between possible problem service company response message
"""
_SPOKEN: Final = """
tide harbour pilot buoy chart wind calm north south keel rope anchor light fog bell quay turns holds leads shows
waits drifts slowly surely home ship sail deck crew port coast storm wave shore bridge captain sailor watch signal
course cargo vessel dock pier lamp star map compass river lake ocean island beach cliff bay channel current depth
steady clear quiet bright dark cold warm deep wide narrow gentle strong heavy early late safe close
"""
_WRITTEN: Final = """
abbreviated abc abcd able above absent absolute abstract abstraction accelerator accept acceptable accepted accepting
accepts access accessed accesses accessible accessing according accordingly account acquire acquired across action
actions active actual actually adapter adapters add added adding addition additional additionally addr address
addresses adds adjacent adjusted admission affect affected afterwards algorithm alias aliases aligned alive allocated
allow allowed allowing allows alone along alphabet alphanumeric already alternate alternative alternatives although
ambiguous among amount ancestors angle animation annotated annotation annotations anonymous answers anything anywhere
appear appearance appeared appears append appended appending applicable application applications applied applies apply
applying approach appropriate approximate arbitrarily arbitrary architecture archive archives arg argument arguments
arithmetic array article aspects assert assertion assign assigned assignment assignments associated assume assumed
assumes assuming async asynchronous attached attachment attempt attempted attempting attempts attention attr attribute
attributes audio auditing augmented auto automatic automaton autoscaler autospec avoid await awaited awakened aware
background backslash backslashes backward backwards barrier base basename bases basic basis batch batching become
becomes begin beginning begins behaves behavior behaviour belong belongs below beside beyond binary binascii bind
binding bindings bit bitmap bits bitwise blank block blocked blocking blocks body boolean borderwidth bottom bound
boundaries boundary bounding bounds bpnumber bracket brackets branch break breaking breakpoint breakpoints breaks
broken browser browsers bucket budget buffer buffered buffering buffers build builddate builder building builds built
builtin builtinlist builtins button buttons byte bytecode bytes cache cached caching calculate calculated calculation
calendar call callable callables callback callbacks caller calling calls canary cancel cancellation cancelled
candidate cannot canonical canvas capabilities capability capacity capture captured cascade cases catalogue category
caught cause caused causes cell center centered certain certfile certificate certificates chain changed changes
changing channels char character characters chars charset check checked checker checkers checking checkpoint checks
child choice choose chosen chunk chunks circle circular claim claims class classes classmethod clause clauses clean
cleanup cleared clearing click clicked clicking client clients clipboard closed closer closest closing cluster
clusters cmdclass codec codecs coefficient collapsed collected collection collections colon color colorizing colormap
colormode colors colorstring column columns com combination combinations combined combining comma command commands
comment comments commercial common commonly compact compare compared compares comparing comparison comparisons
compatible compilation compile compiled compiler compilers compiles complement complete completed completely completes
completion completions complex compliance compliant complicated component components compound compress compressed
compression computation compute computed computer computes computing concatenated concrete concurrent condition
conditional conditions config configurable configure configured conform conjunction connect connected connecting
connection connections consecutive consequence consider considered considering consistency consistent consisting
consists console constant constants construct constructed constructing construction constructor constructs consumed
consumes contain contained container containerd containers containing contains content contents context contexts
contextual continuation continue continues continuous control controlled controller controlling controls convenience
convenient convention conventions conversion conversions convert converted converter converting converts cooked cookie
cookies coordinate coordinates copied copies copy copying copyright core corner coroutine coroutines correct correctly
correspond corresponds cost count counted counter counting counts coverage covers created creates creating creation
credentials cumulative currently cursor custom customize customized customlist cycle daemon database dataclass
datagram datatype date datetime debug debugged debugger debugging decide decides decimal decision decisions
declaration declarations declared decode decoded decoder decoders decoding decorated decorator decorators default
defaulting defaults defect defects define defined defines defining definition definitions degrees delay delegate
delete deleted deletes deleting deletion delimited delimiter delimiters delta demo denominator depend dependencies
dependency dependent depending depends deployment deployments deprecated derived descendant descendants describe
described describes describing description descriptions descriptor descriptors designed desirable desired destination
destroy destroyed detail detailed details detected determine determined determines devcluster deviation device dialog
dialogs dictionaries dictionary dicts diff differ difference differences differently differs digest digit digits dir
direct direction directly directories directory disable disabled discarded discovery disk dispatch display displayed
displaying displays disposition distance distinct distinction distinguish distribute distributed distribution
distutils divide division divmod docs docstring docstrings doctest document documented documents doesn doing domain
domains don done dot dotted double draft drain drawing drawings drawn driven driver dummy dumps duplicate duplicates
duration dynamic dynamically earlier easier edit editor effect effective efficiency efficient efficiently either
element elements eliminating else elsewhere email embedded empty emulate enable enabled enables enclosed enclosing
encode encoded encoder encoding encodings encountered endian ending endings endpoint ends engine engines ensure enter
entered entire entities entity entries entry enum enumeration envelope environ environment equal equality equivalent
error errors escape escaped escapes especially essentially established estimate etc eval evaluate evaluated evaluates
evaluating evaluation event events eventually everybody everything exact exactly examples exceed except exception
exceptions exclamation excluding exclusive exclusively exec executable executables execute executed executes executing
execution executor exhausted exist existence existing exists exit exited exiting exits expand expanded expandtabs
expect expectation expected experts explained explicit explicitly exponent expressed expression expressions extend
extended extension extensions extent external extra extract extracted extras factory fail failed failing fails failure
failures fairlead fall fallback family faster feature features fetch fetched field fields figure figures filelist
filename filenames fileobj files filesystem fill fillcolor filled filter filtered filtering filters final finalization
finalizer finally finder finders finished finite fit fixed fixer fixers flag flags flexible float floating floats
floor flow flushing focus folder folding follow followed follows font force foreground form formal format formats
formatted formatter formatting formed former forms forward fraction fractional fractions fragment frame frames
framework free frequency front frozen frozenset full fullname fully funcname functional functions functools further
future futures garbage gateway gencodec generally generate generated generates generating generation generator
generators generic geometry getcomptype getframerate getmembers getnchannels getopt gets getsampwidth getting gives
giving global globals globs goes grammar granted graphics greater greeting grouping groups guarantee guaranteed
guarantees guard guessed gzip handle handled handler handlers handles handling handshake happen happened happens hard
hardware hash hashable hashing having header headers heading heap height helper hexadecimal hidden hierarchical
hierarchy higher highest highlight highlighting highlights history hold holder holding hook horizontal host hostname
hour human identical identified identifier identifiers identifies identify identifying identity idle idlelib ignore
ignored ignoring illegal image images imaginary immediate immediately immutable implement implemented implementing
implements implicit implicitly implied implies import imported importing importlib imports included includes including
inclusion inclusive incoming incompatible incomplete inconsistent incorrectly increasing incremental incremented
indent indentation indented independent index indexed indexes indexing indicate indicated indicates indicating
indicator indices indirect indirectly individual inexact infinite infinity info inherit inheritance inherited inherits
initial initialize initialized initializer initializes initially input inputs insensitive insert inserted inserting
insertion inside inspect install installation installed installing instance instances instantiate instantiated instead
instruction instructions integer integers integral intended intentional interact interaction interactive intercept
interested interesting interface interfaces interior intermediate internal internally interpreted interpreter
interrupted interval intervals intrinsic introduced introduces invalid invariant invocation invoke invoked invokes
invoking involved ipaddress isn issues item items iterable iterables iterate iterated iterating iteration iterator
itertools itself join json junk justify keep keepends keeping keeps kept kernel keybinding keybindings keyed keyfile
keys keyset keyword keywords killed kind knowledge known knows kubectl kubelet label labels lambda languages larger
largest latter layers layout leading least leave leaves leaving legacy legal lemburg length letter letters level
levels lexical libraries library license likely likewise limit limitation limitations limited limits linear lineno
lines linesep link linker linking links listed listen listening listing lists literal literals load loaded loader
loaders loading loads local locale localhost locals localtime located location lock locked log logged logger loggers
logging logical longer longest looked looking looks lookup lookups loop loops low lower lowercase machine machinery
macro macros mailbox mailcap main mainloop maintain maintained maintaining maintains maintype makes making managed
management manager managers manifest manifests manipulate manipulated manipulating manipulation mapped mapping
mappings maps mark marked marks markup marshalled master match matched matches matching matrix matter max maximum
maxlinelen maxsize mean meaning meaningful means measured measurement mechanism median member members membership
memory mentioned menu messagebox messages meta metaclass metaclasses metadata method methods metrics microsecond
microseconds middle milliseconds minimal minimum minus minute minutes missing mixed mkstemp mock mocks mode models
modification modified modifiers modifies modify modifying module modules modulo month mostly mouse move moved movement
moves multi multicall multiline multipart multiple multiplied multiply mutable named namedtuple names namespace
namespaces natural nbytes ndiff nearest necessarily necessary needed needs negative neither nested nesting netmask
network networks newer newline newlines newly nobody node nodes non none nonlocal nonnegative nonzero normal normalize
normalized normally notation note notebook notice notification notified notify numbering numbers numerator numeric
numerical numerically obj objects obsolete obtain obtained occur occurred occurrence occurrences occurring occurs
offset old omitted ones opcode opened opener opening operand operands operates operating operation operations operator
operators optimization optimize option optional optionally optionflags options ordered ordering ordinal ordinary org
orientation origin original originally others otherwise outline output outputs outside overflow overhead overlap
overlapped overlapping overload overridden override overrides overriding overview overwrite overwritten owner package
packages packed packing padded padding page pages pair pairs panedwindow paragraph parallel parallelism param
parameter parameters params parent parentheses parenthesis parents parse parsed parser parsers parsing partial
partially particular particularly parts pass passed passes passing password patch patched patchlevel path pathname
paths pattern patterns payload pencolor pending pensize per percent perform performance performed performs perhaps
period permanently permission permissions permitted person phrase physical pickled pipe pipeline pixel pixels placed
placeholder placement places plain platform platforms plist plus pods pointed pointer pointing points policy polygon
population popup portable portion position positional positions positive posixpath possibly post potential potentially
preceded precedence preceding precision predicate preferences preferred prefix prefixed prefixes prepare prepended
preprocessor presence presented preserve preserved preserves preserving pressed pressing presumably pretty prevent
prevents previous previously primarily primary print printable printables printed printing prints prior priority
private probability probably problems proceeds process processed processes processing processor produce produced
produces producing product profile programming programs progress prometheus prompt prompts propagated proper properly
properties property proposal proposed protocol protocols prove provided provides providing proxies proxy published
purpose purposes pvariance pyc pydoc pyshell python qualified quantity quantization quantize queries query queue
quotation quote quoted quotes raise raised raises raising random range rather ratio rational raw reach reachable
reached reaches readable reader reading readline readlines reads ready real really reason reasonable reasons receive
received receiving recent recently recipient recipients recognize recognized recommended reconcile record recording
records rectangle recursion recursive recursively redirected reduce reduced refactored refactoring refer reference
referenced references refers reflect reflected refused refuses regardless regex region register registered registering
registry regression regular related relationship relative release released releases relevant reliable relief relocated
remain remainder remaining remains remembers remote remove removed removes removing rendered repeat repeated
repeatedly repetition repetitions replace replaced replacement replaces replacing replica replicas reply report
reported reporting reports repository represent represented representing represents request requested requests require
required requirement requirements requires reserved reset resizemode resolution resolve resolved resolving resource
resources resp respect respective respectively responses responsible rest restart restore restriction restrictions
restrictive resulting results retained retrieval retrieve retrieved retrieves returncode returned returning returns
reverse reversed revision revisions rightmost rights rollout rollover root rotate roughly round rounded rounding
router routers routine row rule rules run runner running runs runtime safely sample samples sampling satisfy save
saved says scale scaling schedule scheduled scheduler schedules scheduling scheme schemes scientific scope screen
script scripts scrollable scrollbar scrollbars scrolled search searched searchengine searching seconds section
sections security seek seen segments select selected selection selector selects semantically semantics semaphore send
sendfile sending sendmail sends sense sensitive sent sentinel separate separated separately separating separator
separators sequence sequences sequential serializable serialize serialized serve served server servers serves serving
session setcomptype setframerate setlocale setnchannels setparams setpos sets setsampwidth setting settings setup
severity shall shallow shape shapes shapesize share shared shell shift short shortcut shorthand shouldn show showing
shown showwarning shutdown side sign signaling signals signature signatures significant silently similar similarly
simple simplest simply simulated simultaneous single singleton site situations size skip skipped slashes slice slicing
slightly slot slots smaller smallest socket sockets software somebody someone sometimes sort sorted sorting source
sources space spaces spec special specialized specific specifically specified specifier specifiers specifies specify
specifying speculation speed split splitlines splitting spread square stack standard stands start started starting
starts stat statement statements statespec static staticmethod statistics status step steps stop stopping stops
storage store stored storing strategy stream streaming streams strict strictly strings strip stripped stripping struct
structural structure structures style sub subclass subclassed subclasses subclassing subdirectory subelements subject
submodule submodules subnormal subparts subpatterns subprocess subscript subscription subsequence subsequent
subsequently subset substituted substring subtract subtraction subtype subwidget succeeds success successful
successfully successively sufficient suffix suffixes suitable suite summarize summary super superclass supervisor
supplied supply support supported supporting supports suppress suppressed surrounded surrounding suspended switch
symbol symbolic symbols symlink symlinks synchronous syntax sys systems tab tables tabs tag tags takefocus taken takes
taking tar target targetpath targets task tasks tell tells template templates temporarily temporary tensor terminal
terminate terminated terminates terminating termination terminator terms tested testing testmod tests textual
textvariable theme themselves therefore thereof thing things third though thousands thread threading threads thus
timedelta timeit timeout timeouts timer times timestamp timezone timing title tkinter together toggle token tokenize
tokenizer tokens tool tools tooltip top toplevel total towards trace traceback tracebacks traces tracing traffic
trailing transaction transfer transformed translate translated translation transparent transport transports traversal
treated treatment tree tried tries triggered triple triples truncated truth try trying tuples turn turtle turtles
turtleshape twice typed types typical typically typing unaffected unambiguous unary unavailable unchanged uncompressed
undefined underline underlying underscore underscores understand understands understood undo undobuffer unexpected
unicode uniformly unique unit units unittest universal unknown unless unlike unlocked unmodified unpacking unquoted
unrecognized unregister unrelated unspecified unsupported unusable update updated updates upper uppercase urllib
usable usage useful username users uses usual usually utility valid validate validated values variability variable
variables variance variant various vars vector verbose version versions vertical via view viewer virtual visible wait
waiting want wanted warning warnings watcher webhook week weekday weight weighted weights whatever wheel whenever
whether whitespace whose widget widgets width wildcard window windows wishes word words worker working works wrap
wrapped wrapper wrapping wraps writable writelines writer writes writing written wrong year yes yield yielded yielding
yields yourself zero zeros zip zipfile zipimporter zone
"""
"""The words of three letters and more that technical English uses most, counted in the documentation of Python's own
library and of this project."""
COMMON: Final = tuple(_COMMON.split())
SPOKEN: Final = tuple(_SPOKEN.split())
WRITTEN: Final = tuple(_WRITTEN.split())
MARKS: Final = (
    *(
        "  ",
        "    ",
        "        ",
        "\n\n",
        "\n  ",
        "\n    ",
        ", ",
        ". ",
        ": ",
        '"',
        '":',
        '": ',
        '": "',
        '", "',
        '","',
        '":"',
    ),
    *(
        '{"',
        '"}',
        '["',
        '"]',
        "[]",
        "{}",
        "},",
        "],",
        "()",
        "--",
        "...",
        "://",
        "**",
        "</",
        "/>",
        "'s",
        "'t",
        ").",
        "),",
    ),
)
