fn main() {
    petri_web::run();
}
