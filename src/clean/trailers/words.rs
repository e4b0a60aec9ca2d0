//! Station: the words of trailers and credits in the languages of the feeds we know, folded as `trailers` folds a line.

/// Lines that are trailers as they are.
pub(crate) const WHOLE: &[&str] = &[
    // English
    "read more", "read more here", "read on", "read the full story", "read full story", "read the full article",
    "read full article", "read the full story here", "read the full article here", "read the rest",
    "read the rest of this entry", "read the original article", "read the original", "read this article",
    "read the whole story", "full story", "full article", "continue reading", "keep reading", "continue", "more",
    "view the full article", "view full article", "view article", "view full post", "view post", "view original",
    "click here to read more", "click here for more", "click here", "click to read more", "learn more",
    "find out more", "see more", "comments", "comment", "leave a comment", "add a comment", "no comments",
    "post a comment", "discuss this story", "join the discussion", "permalink", "link", "link] [comments",
    "share this", "share", "advertisement", "the-cnn-wire", "the cnn wire", "associated press",
    "this story is developing", "skip to main content", "sign up for our newsletter",
    // German
    "weiterlesen", "weiter lesen", "mehr lesen", "mehr", "mehr dazu", "zum artikel", "zum vollständigen artikel",
    "zum ganzen artikel", "den vollständigen artikel lesen", "artikel lesen", "jetzt lesen", "hier weiterlesen",
    "lesen sie mehr", "lesen sie hier weiter", "vollständigen artikel lesen", "kommentare", "anzeige",
    // French
    "lire la suite", "lire l'article", "lire l'article complet", "lire plus", "en savoir plus",
    "continuer la lecture", "voir plus", "la suite", "commentaires", "publicité",
    // Spanish
    "leer más", "leer mas", "seguir leyendo", "sigue leyendo", "continuar leyendo", "leer noticia completa",
    "leer la noticia completa", "leer artículo completo", "ver más", "más información", "comentarios", "publicidad",
    // Italian
    "continua a leggere", "continua la lettura", "leggi tutto", "leggi di più", "leggi l'articolo",
    "leggi l'articolo completo", "continua", "commenti", "pubblicità",
    // Portuguese
    "leia mais", "ler mais", "continue lendo", "continuar lendo", "continuar a ler", "continue a ler", "saiba mais",
    "leia a matéria completa", "leia a notícia completa", "comentários", "publicidade",
    // Dutch
    "lees verder", "lees meer", "verder lezen", "lees het hele artikel", "lees het volledige artikel", "meer lezen",
    "reacties",
    // Polish
    "czytaj więcej", "czytaj dalej", "czytaj całość", "więcej", "przeczytaj więcej", "zobacz więcej", "komentarze",
    "reklama",
    // Swedish
    "läs mer", "läs vidare", "läs hela artikeln", "fortsätt läsa", "fortsätt läs", "läs mer här", "kommentarer",
    "annons",
    // Russian
    "читать далее", "читать дальше", "читать полностью", "читать", "подробнее", "далее", "продолжение", "комментарии",
    // Japanese
    "続きを読む", "続きはこちら", "続きを見る", "続きを読む…", "全文を読む", "もっと読む", "記事を読む", "この記事を読む", "続き", "コメント",
];

/// Openings that only trailers have; a name, a title or an address follows.
pub(crate) const FIRM_OPENINGS: &[&str] = &[
    // English
    "read the full story at ", "read the full story on ", "read the full story in ", "read the full article at ",
    "read the full article on ", "read the full article in ", "read full article at ", "read full story at ",
    "read the original article on ", "read the original article at ", "read the whole story at ", "read more at ",
    "read more on ", "read more from ", "read more: ", "continue reading on ", "continue reading at ",
    "continue reading: ", "keep reading on ", "view the full article at ", "view the full article on ",
    "view full post on ", "click here to read ", "click here to view ", "click here to continue ",
    "click here to see ", "click here for more ", "click here for the full ", "see also: ", "see more: ",
    "read also: ", "also read: ", "read next: ", "read this next: ", "related: ", "related story: ",
    "related stories: ", "related article: ", "related articles: ", "related posts: ", "more on this: ", "read too: ",
    "follow us on ", "this article originally appeared on ", "this article originally appeared in ",
    "this story originally appeared on ", "this story originally appeared in ",
    "this article was originally published on ", "this article was originally published by ",
    "this story was originally published by ", "originally published on ", "originally published at ", "posted in ",
    // German
    "weiterlesen auf ", "weiterlesen bei ", "weiterlesen: ", "lesen sie auch: ", "lesen sie mehr: ",
    "lesen sie weiter auf ", "lesen sie den ganzen artikel auf ", "lesen sie den vollständigen artikel auf ",
    "mehr zum thema: ", "siehe auch: ", "auch interessant: ", "zum artikel: ", "mehr dazu: ",
    // French
    "lire aussi: ", "à lire aussi: ", "a lire aussi: ", "lire également: ", "à lire également: ", "voir aussi: ",
    "lire la suite sur ", "lire l'article complet sur ", "sur le même sujet: ", "retrouvez cet article sur ",
    // Spanish
    "lee también: ", "lea también: ", "leer también: ", "leer más en ", "leer más: ", "te puede interesar: ",
    "ver también: ", "sigue leyendo en ", "seguir leyendo en ", "lea más: ",
    // Italian
    "leggi anche: ", "leggi tutto su ", "leggi l'articolo completo su ", "continua a leggere su ", "vedi anche: ",
    // Portuguese
    "leia também: ", "leia mais em ", "leia mais: ", "veja também: ", "ler também: ", "continue lendo em ",
    // Dutch
    "lees ook: ", "lees verder op ", "lees verder bij ", "lees meer op ", "zie ook: ", "bekijk ook: ",
    // Polish
    "czytaj też: ", "czytaj także: ", "czytaj również: ", "przeczytaj także: ", "przeczytaj też: ", "zobacz też: ",
    "zobacz także: ", "czytaj więcej na ", "czytaj więcej: ",
    // Swedish
    "läs också: ", "läs även: ", "läs mer: ", "läs mer på ", "läs mer om: ", "se även: ",
    // Russian
    "читайте также: ", "читать далее на ", "читать также: ", "смотрите также: ", "подробнее: ", "источник: ",
    // Japanese
    "関連記事: ", "関連記事：", "関連：", "続きは", "あわせて読みたい：", "【関連記事】",
];

/// Openings that prose may have too: a link or an arrow must vouch for them.
pub(crate) const LINK_OPENINGS: &[&str] = &[
    "read more ", "continue reading ", "keep reading ", "read the full ", "read the rest of ", "read the story ",
    "view the ", "click here ", "learn more ", "find out more ", "sign up for ", "subscribe to ", "comment on ",
    "discuss ", "share ", "get the latest ", "weiterlesen ", "mehr lesen ", "lesen sie ", "lire la suite ", "lire ",
    "leer más ", "seguir leyendo ", "sigue leyendo ", "continua a leggere ", "leggi ", "leia mais ",
    "continue lendo ", "lees verder ", "lees meer ", "czytaj więcej ", "czytaj dalej ", "läs mer ", "fortsätt läsa ",
    "читать далее ", "читать ", "続きを読む",
];

/// Sentences with which blogs sign their feeds: an opening, and words that follow the article's title.
pub(crate) const FRAMES: &[(&str, &str)] = &[
    ("the post ", " appeared first on "),
    ("the post ", " first appeared on "),
    ("the article ", " appeared first on "),
    ("the article ", " first appeared on "),
    ("the original article ", " appeared on "),
    ("in ", ", posted by "),
    ("der beitrag ", " erschien zuerst auf "),
    ("der beitrag ", " erschien zunächst auf "),
    ("der artikel ", " erschien zuerst auf "),
    ("l'article ", " est apparu en premier sur "),
    ("l'article ", " est apparu d'abord sur "),
    ("cet article ", " est apparu en premier sur "),
    ("la entrada ", " se publicó primero en "),
    ("la entrada ", " apareció primero en "),
    ("el artículo ", " apareció primero en "),
    ("l'articolo ", " proviene da "),
    ("l'articolo ", " sembra essere il primo su "),
    ("o post ", " apareceu primeiro em "),
    ("o conteúdo ", " aparece primeiro em "),
    ("o artigo ", " aparece primeiro em "),
    ("het bericht ", " verscheen eerst op "),
    ("artykuł ", " pochodzi z serwisu "),
    ("inlägget ", " dök först upp på "),
    ("запись ", " впервые появилась "),
    ("запись ", " появились сначала на "),
    ("сообщение ", " появились сначала на "),
    ("投稿 ", "に最初に表示されました"),
    ("投稿", "に最初に表示されました"),
];

/// Headings over nothing but links.
pub(crate) const RELATED: &[&str] = &[
    "related", "related articles", "related article", "related stories", "related posts", "related content",
    "related links", "related reading", "see also", "read also", "also read", "read more", "read next",
    "more on this story", "more stories", "more from us", "you may also like", "you might also like", "recommended",
    "recommended reading", "further reading", "mehr zum thema", "lesen sie auch", "siehe auch", "auch interessant",
    "weitere artikel", "à lire aussi", "lire aussi", "sur le même sujet", "voir aussi", "lee también",
    "te puede interesar", "más noticias", "noticias relacionadas", "leggi anche", "articoli correlati", "leia também",
    "veja também", "lees ook", "zie ook", "czytaj też", "czytaj także", "zobacz też", "läs också", "läs även",
    "läs mer", "читайте также", "по теме", "関連記事", "あわせて読みたい",
];

/// How wire services begin the line of those who worked on a report.
pub(crate) const WIRES: &[&str] = &[
    "reporting by ", "editing by ", "writing by ", "additional reporting by ", "with reporting by ", "compiled by ",
    "reportage de ", "berichte von ", "bearbeitet von ", "reporte de ", "reportagem de ", "edición de ", "édité par ",
    "redigiert von ",
];

/// How a line that claims rights begins.
pub(crate) const RIGHTS_OPENINGS: &[&str] = &["©", "™", "(c)", "copyright", "℗", "&copy", "tm & ©", "all content ©"];

/// What such a line says.
pub(crate) const RIGHTS: &[&str] = &[
    "all rights reserved", "alle rechte vorbehalten", "tous droits réservés", "todos los derechos reservados",
    "reservados todos los derechos", "tutti i diritti riservati", "todos os direitos reservados",
    "alle rechten voorbehouden", "wszelkie prawa zastrzeżone", "med ensamrätt", "alla rättigheter förbehållna",
    "все права защищены", "無断転載", "may not be published, broadcast, rewritten",
];

/// How a photo credit begins.
pub(crate) const CREDIT_LABELS: &[&str] = &[
    "image:", "image credit:", "image by ", "image via ", "image courtesy of ", "images:", "photo:", "photo credit:",
    "photo by ", "photo via ", "photo courtesy of ", "photos:", "photos by ", "photograph:", "photograph by ",
    "picture:", "picture credit:", "picture by ", "illustration:", "illustration by ", "graphic:", "screenshot:",
    "screenshot by ", "featured image:", "featured image credit:", "header image:", "credit:", "credits:",
    "file photo:", "bild:", "bilder:", "bildquelle:", "bildnachweis:", "foto:", "fotos:", "foto von ", "symbolbild:",
    "titelbild:", "crédit photo:", "crédits photo:", "crédit:", "photo d'illustration:", "fotografía:", "foto de ",
    "crédito:", "imagen:", "foto di ", "immagine:", "crediti:", "imagem:", "crédito da foto:", "beeld:", "beeld ",
    "zdjęcie:", "fot. ", "fot.: ", "źródło zdjęcia:", "фото:", "写真:", "写真：", "写真＝", "画像:", "画像：",
];

/// Picture agencies and such: one of them named makes a credit certain.
pub(crate) const AGENCIES: &[&str] = &[
    "getty", "getty images", "ap", "ap photo", "afp", "reuters", "epa", "epa-efe", "efe", "dpa", "picture alliance",
    "imago", "shutterstock", "istock", "alamy", "pa", "pa wire", "pa media", "press association", "bloomberg",
    "unsplash", "pexels", "pixabay", "flickr", "wikimedia", "wikimedia commons", "adobe stock", "zuma", "keystone",
    "apa", "ansa", "anp", "pap", "tt", "tass", "тасс", "риа новости", "sipa", "abaca", "lusa", "belga", "ritzau",
    "ntb", "lehtikuva", "kyodo", "jiji", "xinhua", "nasa", "courtesy", "handout", "archive", "archiv", "共同", "時事",
];
